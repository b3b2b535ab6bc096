#include "node/webui/table.h"

#include <vector>

#include "base/strings.h"

namespace appliance::node::webui {
namespace {

std::unexpected<Error> damaged(std::string_view line) {
  return fail(Code::kDataLoss, "the dashboard's table: \"" + std::string(line) + '"');
}

Result<std::string_view> piece(std::string_view blob, std::string_view offset, std::string_view size) {
  const auto from = base::parse_int<size_t>(offset);
  const auto length = base::parse_int<size_t>(size);
  if (!from || !length || *from > blob.size() || *length > blob.size() - *from)
    return fail(Code::kDataLoss, "is not in the blob");
  return blob.substr(*from, *length);
}

}  // namespace

Result<FileTable> FileTable::parse(std::string_view text, std::string_view blob) {
  FileTable out;
  for (const std::string_view line : base::split(text, '\n')) {
    if (line.empty()) continue;
    const auto fields = base::split(line, '\t');
    if (fields.size() == 2 && fields[0] == "build") {
      out.build = fields[1];
      continue;
    }
    if (fields.size() != 10 || fields[0] != "file") return damaged(line);
    const auto size = base::parse_int<size_t>(fields[5]);
    const auto br = piece(blob, fields[6], fields[7]);
    const auto gz = piece(blob, fields[8], fields[9]);
    if (!size || !br || !gz || gz->empty()) return damaged(line);
    out.files[fields[1]] = {.mime = fields[2],
                            .etag = fields[3],
                            .immutable = fields[4] == "immutable",
                            .size = *size,
                            .br = *br,
                            .gz = *gz};
  }
  if (out.build.empty() || !out.files.contains("index.html")) return damaged("no build, or no index.html");
  return out;
}

}  // namespace appliance::node::webui
