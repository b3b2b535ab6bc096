// FileTable: the dashboard's files in compressed form, and where each one is. Made by web-ui/pack.mjs as two pieces of
// bytes: a text (the table) and a blob (the files). The text, its fields apart by a tab:
//
//   build  ID
//   file   PATH  MIME  ETAG  CACHE  SIZE  BR_OFFSET  BR_SIZE  GZ_OFFSET  GZ_SIZE
//
// PATH is below /ui/ (`index.html`, `assets/index-Bq3x9A1c.js`), ETAG has its quotes, CACHE is `immutable` or
// `revalidate`, SIZE is that of the plain file, offsets are in the blob.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/error.h"

namespace appliance::node::webui {

struct File {  // views of the table's text and blob
  std::string_view mime;
  std::string_view etag;
  bool immutable = false;
  size_t size = 0;      // of the plain file
  std::string_view br;  // empty: only `gz` is there
  std::string_view gz;
};

struct FileTable {
  std::string_view build;  // another one: other pages
  std::map<std::string_view, File> files;

  // kDataLoss: not such a table. `text` and `blob` outlive the table.
  static Result<FileTable> parse(std::string_view text, std::string_view blob);
};

// What is embedded into this executable: the dashboard, or, where it was built without, a page that says how to build
// it (build "none"). Static storage.
const FileTable& embedded_files();

}  // namespace appliance::node::webui
