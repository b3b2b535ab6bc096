// The dashboard's files over HTTP, for everybody: they hold nothing of the cluster.
//
//   options.web_ui.files = file_handler(embedded_files());
//
//   GET, HEAD /ui            308 to /ui/
//   GET, HEAD /ui/…          the file, or else index.html, whose router knows the path. 404 for what is missing
//                            in assets/, and for a name with a dot that no browser goes to as a page
// In brotli, else gzip, as Accept-Encoding says; who takes neither gets the plain file, decompressed for them. Strong
// ETags (one for each encoding) with 304; files whose names carry a hash may be kept for ever. Ranges are not served.
// The handler is thread-safe and answers at once; it decompresses at most a file of kPlainBytesMax.
#pragma once

#include "net/http/server.h"
#include "node/webui/table.h"

namespace appliance::node::webui {

inline constexpr size_t kPlainBytesMax = 8U << 20U;  // many times what the budget of web-ui/pack.mjs allows

// `table` outlives the handler.
net::http::Handler file_handler(const FileTable& table);

// Pure, for the handler and its tests.
enum class Encoding : unsigned char { kIdentity, kGzip, kBrotli };
Encoding choose_encoding(std::string_view accept_encoding);  // RFC 9110, 12.5.3; brotli where it is as good as gzip
bool etag_matches(std::string_view if_none_match, std::string_view etag);  // RFC 9110, 13.1.2: weak comparison
const File* find_file(const FileTable& table, std::string_view path,
                      std::string_view accept);  // path begins with /ui/; null: 404

}  // namespace appliance::node::webui
