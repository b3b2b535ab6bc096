#include "node/webui/files.h"

#include <catch2/catch.hpp>
#include <regex>

#include "base/compress/compress.h"
#include "base/fs.h"
#include "base/strings.h"
#include "net/http/client.h"
#include "node/webui/webui.h"

namespace appliance::node::webui {
namespace {

constexpr std::string_view kIndex = "<!doctype html><title>made</title>";
constexpr std::string_view kScript = "console.log('made')";
constexpr std::string_view kNotReallyBrotli = "<brotli>";  // served as it is

// A table as pack.mjs writes it, of two files.
struct Made {
  std::string blob;
  std::string text = "build\t0123456789abcdef\n";
  FileTable table;
  Made() {
    add("index.html", "text/html; charset=utf-8", "\"aaaa\"", "revalidate", kIndex);
    add("assets/index-Bq3x9A1c.js", "text/javascript; charset=utf-8", "\"bbbb\"", "immutable", kScript);
    auto parsed = FileTable::parse(text, blob);
    REQUIRE(parsed.has_value());
    table = std::move(*parsed);
  }
  void add(std::string_view path, std::string_view mime, std::string_view etag, std::string_view cache,
           std::string_view bytes) {
    const std::string gz = base::compress::gzip(bytes);
    text += "file\t" + std::string(path) + '\t' + std::string(mime) + '\t' + std::string(etag) + '\t' +
            std::string(cache) + '\t' + std::to_string(bytes.size()) + '\t' + std::to_string(blob.size()) + '\t' +
            std::to_string(kNotReallyBrotli.size()) + '\t';
    blob += kNotReallyBrotli;
    text += std::to_string(blob.size()) + '\t' + std::to_string(gz.size()) + '\n';
    blob += gz;
  }
};

// The handler behind a real server, asked by a real client.
class Site {
 public:
  explicit Site(const FileTable& table) : loop_({.name = "net", .threads = 1}) {
    auto server = net::http::Server::listen(loop_, {}, file_handler(table));
    REQUIRE(server.has_value());
    server_ = std::move(*server);
  }
  ~Site() {
    server_->stop();
    loop_.stop();
  }
  net::http::Reply ask(const std::string& method, const std::string& path, net::http::Headers headers = {}) {
    net::http::Client client({.base_url = "http://127.0.0.1:" + std::to_string(server_->port())});
    auto reply = client.send({.method = method, .path = path, .headers = std::move(headers)});
    INFO((reply ? "" : reply.error().message));
    REQUIRE(reply.has_value());
    return std::move(*reply);
  }
  net::http::Reply get(const std::string& path, std::string_view encodings = "gzip, deflate, br, zstd",
                       std::string_view etag = {}) {
    net::http::Headers headers;
    headers.add("Accept-Encoding", std::string(encodings));
    if (!etag.empty()) headers.add("If-None-Match", std::string(etag));
    return ask("GET", path, std::move(headers));
  }

 private:
  net::Loop loop_;
  std::unique_ptr<net::http::Server> server_;
};

}  // namespace

TEST_CASE("webui: the encoding is the best that the browser takes") {
  CHECK(choose_encoding("gzip, deflate, br, zstd") == Encoding::kBrotli);
  CHECK(choose_encoding("gzip, deflate") == Encoding::kGzip);
  CHECK(choose_encoding("GZIP;q=0.5, br;q=0.4") == Encoding::kGzip);
  CHECK(choose_encoding("br;q=0, gzip") == Encoding::kGzip);
  CHECK(choose_encoding("br;q=0.0, gzip;q=0.001") == Encoding::kGzip);
  CHECK(choose_encoding("*") == Encoding::kBrotli);
  CHECK(choose_encoding("*;q=0") == Encoding::kIdentity);
  CHECK(choose_encoding("br;q=0, *") == Encoding::kGzip);
  CHECK(choose_encoding("identity") == Encoding::kIdentity);
  CHECK(choose_encoding("") == Encoding::kIdentity);
}

TEST_CASE("webui: ETags are compared one by one, weakly") {
  CHECK(etag_matches("\"a\"", "\"a\""));
  CHECK(etag_matches("\"x\", W/\"a\"", "\"a\""));
  CHECK(etag_matches("*", "\"a\""));
  CHECK_FALSE(etag_matches("", "\"a\""));
  CHECK_FALSE(etag_matches("\"a", "\"a\""));
}

TEST_CASE("webui: a table that is damaged is refused") {
  const Made made;
  CHECK(made.table.build == "0123456789abcdef");
  REQUIRE(made.table.files.size() == 2);
  CHECK_FALSE(FileTable::parse("", "").has_value());
  CHECK_FALSE(FileTable::parse("build\tx\n", made.blob).has_value());  // no index.html
  CHECK_FALSE(FileTable::parse(made.text, std::string_view(made.blob).substr(0, made.blob.size() - 1)).has_value());
  CHECK_FALSE(FileTable::parse(made.text + "file\tx\n", made.blob).has_value());
  CHECK(FileTable::parse(made.text, made.blob).has_value());
}

TEST_CASE("webui: files are sent in the encoding asked for, with what browsers need to keep them") {
  const Made made;
  Site site(made.table);
  const auto script = site.get("/ui/assets/index-Bq3x9A1c.js");
  CHECK(script.status == 200);
  CHECK(script.body == kNotReallyBrotli);
  CHECK(script.headers.get("Content-Encoding") == "br");
  CHECK(script.headers.get("Content-Type") == "text/javascript; charset=utf-8");
  CHECK(script.headers.get("Cache-Control") == "public, max-age=31536000, immutable");
  CHECK(script.headers.get("Vary") == "Accept-Encoding");
  CHECK(script.headers.get("ETag") == "\"bbbb-br\"");

  const auto gz = site.get("/ui/assets/index-Bq3x9A1c.js", "gzip");
  CHECK(gz.headers.get("Content-Encoding") == "gzip");
  CHECK(gz.headers.get("ETag") == "\"bbbb-gz\"");
  CHECK(base::compress::gunzip(gz.body, 1000).value_or("") == kScript);

  const auto plain = site.get("/ui/assets/index-Bq3x9A1c.js", "identity");
  CHECK_FALSE(plain.headers.has("Content-Encoding"));
  CHECK(plain.headers.get("ETag") == "\"bbbb\"");
  CHECK(plain.body == kScript);
}

TEST_CASE("webui: index.html is asked for again each time, and answered 304 while it is the same") {
  const Made made;
  Site site(made.table);
  const auto index = site.get("/ui/");
  CHECK(index.status == 200);
  CHECK(index.headers.get("Content-Type") == "text/html; charset=utf-8");
  CHECK(index.headers.get("Cache-Control") == "no-cache");
  const auto same = site.get("/ui/", "br", index.headers.get("ETag"));
  CHECK(same.status == 304);
  CHECK(same.body.empty());
  CHECK(same.headers.get("ETag") == index.headers.get("ETag"));
  CHECK(site.get("/ui/", "gzip", index.headers.get("ETag")).status == 200);  // other bytes
}

TEST_CASE("webui: paths of pages get index.html, files that are not there 404") {
  const Made made;
  Site site(made.table);
  for (const char* page : {"/ui/", "/ui/index.html", "/ui/pods", "/ui/pods/default/web?tab=logs"}) {
    INFO(page);
    CHECK(site.get(page, "identity").body == kIndex);
  }
  for (const char* missing :
       {"/ui/favicon.ico", "/ui/assets/index-old.js", "/ui/assets/none", "/ui/nodes/n1.example"}) {
    INFO(missing);
    CHECK(site.get(missing).status == 404);
  }
  net::http::Headers browser;
  browser.add("Accept", "text/html,application/xhtml+xml,*/*;q=0.8");
  CHECK(site.ask("GET", "/ui/nodes/n1.example", browser).body == kIndex);
  CHECK(site.ask("GET", "/ui/assets/index-old.js", browser).status == 404);

  const auto moved = site.get("/ui?x=1");
  CHECK(moved.status == 308);
  CHECK(moved.headers.get("Location") == "/ui/?x=1");
}

TEST_CASE("webui: HEAD answers without a body; nothing else than GET and HEAD is allowed") {
  const Made made;
  Site site(made.table);
  const auto head = site.ask("HEAD", "/ui/");
  CHECK(head.status == 200);
  CHECK(head.body.empty());
  CHECK(head.headers.get("ETag") == "\"aaaa\"");
  for (const char* method : {"POST", "PUT", "DELETE"}) {
    const auto refused = site.ask(method, "/ui/");
    CHECK(refused.status == 405);
    CHECK(refused.headers.get("Allow") == "GET, HEAD");
  }
}

TEST_CASE("webui: every answer carries the security headers, and none that would lock browsers out") {
  const Made made;
  Site site(made.table);
  for (const char* path : {"/ui", "/ui/", "/ui/assets/index-Bq3x9A1c.js", "/ui/assets/none.js"}) {
    INFO(path);
    const auto reply = site.get(path);
    CHECK(reply.headers.get("Content-Security-Policy") ==
          "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src "
          "'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
          "require-trusted-types-for 'script'");
    CHECK(reply.headers.get("X-Content-Type-Options") == "nosniff");
    CHECK(reply.headers.get("Referrer-Policy") == "no-referrer");
    CHECK(reply.headers.get("Cross-Origin-Opener-Policy") == "same-origin");
    CHECK(reply.headers.get("Cross-Origin-Resource-Policy") == "same-origin");
    CHECK(reply.headers.has("Permissions-Policy"));
    CHECK_FALSE(reply.headers.has("Strict-Transport-Security"));
  }
}

TEST_CASE("webui: without the dashboard there is a page that says how to build it") {
  // Test programs never carry the pages.
  CHECK(webui_build() == "none");
  Site site(embedded_files());
  const auto page = site.get("/ui/", "identity");
  CHECK(page.status == 200);
  CHECK(page.body.contains("apt-get install nodejs npm"));
  CHECK(page.body.contains("make build"));
  CHECK_FALSE(page.body.contains("<script"));
  CHECK(site.get("/ui/", "br").headers.get("Content-Encoding") == "gzip");  // it has no brotli form
}

TEST_CASE("webui: the built pages are within what the policy allows") {
  const std::string folder = std::string(APP_SOURCE_DIR) + "/build/web-ui/packed";  // of all presets
  const auto text = base::read_file(folder + "/index.txt");
  const auto blob = base::read_file(folder + "/blob.bin");
  if (!text || !blob) {
    WARN("the dashboard is not built in " << folder << ": nothing to look at");
    return;
  }
  const auto table = FileTable::parse(*text, *blob);
  REQUIRE(table.has_value());
  Site site(*table);
  const auto index = site.get("/ui/", "identity");
  CHECK(index.status == 200);
  // No inline script, nothing from elsewhere.
  CHECK_FALSE(std::regex_search(index.body, std::regex("<script(?![^>]* src=)")));
  CHECK_FALSE(std::regex_search(index.body, std::regex("(src|href)=\"(https?:)?//")));
  size_t named = 0;
  const std::regex name("(?:src|href)=\"(/ui/assets/[^\"]+)\"");
  for (auto it = std::sregex_iterator(index.body.begin(), index.body.end(), name); it != std::sregex_iterator(); ++it) {
    ++named;
    const auto reply = site.get((*it)[1].str(), "identity");
    CHECK(reply.status == 200);
    CHECK(reply.headers.get("Cache-Control") == "public, max-age=31536000, immutable");
  }
  CHECK(named >= 2);
  for (const auto& [path, file] : table->files) {
    INFO(path);
    const auto plain = base::compress::gunzip(file.gz, kPlainBytesMax);
    REQUIRE(plain.has_value());
    CHECK(plain->size() == file.size);
    CHECK_FALSE(file.br.empty());
  }
}

}  // namespace appliance::node::webui
