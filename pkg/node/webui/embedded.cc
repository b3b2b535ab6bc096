#include "base/check.h"
#include "base/compress/compress.h"
#include "node/webui/table.h"

// embedded.S; absent in test programs, and where the dashboard was not built.
extern "C" {
extern const char appliance_web_ui_index_begin[] __attribute__((weak));
extern const char appliance_web_ui_index_end[] __attribute__((weak));
extern const char appliance_web_ui_blob_begin[] __attribute__((weak));
extern const char appliance_web_ui_blob_end[] __attribute__((weak));
}

namespace appliance::node::webui {
namespace {

constexpr std::string_view kNotBuilt = R"(<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>appliance</title>
    <style>body { font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 4rem auto; padding: 0 1rem }</style>
  </head>
  <body>
    <h1>The dashboard is not in this executable</h1>
    <p>It was built on a machine without <code>node</code> and <code>npm</code>. The cluster is not affected:
    <code>kubectl</code> and <code>appliance</code> do all that the dashboard does.</p>
    <p>To have it, install both (Debian: <code>apt-get install nodejs npm</code>), then build again:</p>
    <pre>make build</pre>
  </body>
</html>
)";

std::string_view between(const char* begin, const char* end) { return {begin, static_cast<size_t>(end - begin)}; }

FileTable read_embedded() {
  if (appliance_web_ui_index_begin == nullptr) {
    static const std::string gz = base::compress::gzip(kNotBuilt);
    FileTable out{.build = "none", .files = {}};
    out.files["index.html"] = {.mime = "text/html; charset=utf-8",
                               .etag = "\"none\"",
                               .immutable = false,
                               .size = kNotBuilt.size(),
                               .br = {},
                               .gz = gz};
    return out;
  }
  auto out = FileTable::parse(between(appliance_web_ui_index_begin, appliance_web_ui_index_end),
                              between(appliance_web_ui_blob_begin, appliance_web_ui_blob_end));
  APP_CHECK(out.has_value());  // the build made it
  return std::move(*out);
}

}  // namespace

const FileTable& embedded_files() {
  static const FileTable table = read_embedded();
  return table;
}

}  // namespace appliance::node::webui
