#include "node/webui/files.h"

#include "base/compress/compress.h"
#include "base/strings.h"

namespace appliance::node::webui {
namespace {

using net::http::Chunk;
using net::http::Exchange;
using net::http::Response;

constexpr std::string_view kPrefix = "/ui/";

// 'unsafe-inline' of styles: xterm makes <style> elements and has no way to give them a nonce.
constexpr std::string_view kContentSecurityPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'";

struct Field {
  std::string_view name;
  std::string_view value;
};
// No Strict-Transport-Security: the certificate is our own CA's, and browsers would let nobody past it any more.
constexpr Field kSecurity[] = {
    {"Content-Security-Policy", kContentSecurityPolicy},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"},
};

void secure(Response& response) {
  for (const auto& [name, value] : kSecurity) response.headers.set(std::string(name), std::string(value));
}

void refuse(Exchange& exchange, int status, const std::string& text) {
  auto response = net::http::text_response(status, text + '\n');
  if (status == 405) response.headers.set("Allow", "GET, HEAD");
  secure(response);
  exchange.respond(std::move(response));
}

void redirect(Exchange& exchange) {
  Response response{.status = 308, .content_type = "text/plain; charset=utf-8", .headers = {}, .body = {}};
  const std::string_view target = exchange.request().target;
  const size_t query = target.find('?');
  response.headers.set("Location",
                       std::string(kPrefix) + std::string(query == target.npos ? "" : target.substr(query)));
  secure(response);
  exchange.respond(std::move(response));
}

// `"0123"` of gzip is `"0123-gz"`: a strong tag names bytes, not meanings.
std::string tag_of(const File& file, Encoding encoding) {
  std::string out(file.etag.substr(0, file.etag.size() - 1));
  if (encoding == Encoding::kBrotli) out += "-br";
  if (encoding == Encoding::kGzip) out += "-gz";
  return out + '"';
}

Response head_of(const File& file, const std::string& etag) {
  Response out{.status = 200, .content_type = std::string(file.mime), .headers = {}, .body = {}};
  out.headers.set("ETag", etag);
  out.headers.set("Vary", "Accept-Encoding");
  out.headers.set("Cache-Control", file.immutable ? "public, max-age=31536000, immutable" : "no-cache");
  secure(out);
  return out;
}

void serve(const File& file, Exchange& exchange) {
  const auto& headers = exchange.request().headers;
  Encoding encoding = choose_encoding(headers.get("Accept-Encoding"));
  if (encoding == Encoding::kBrotli && file.br.empty()) encoding = Encoding::kGzip;
  const std::string etag = tag_of(file, encoding);
  Response response = head_of(file, etag);
  if (etag_matches(headers.get("If-None-Match"), etag)) {
    response.status = 304;
    return exchange.respond(std::move(response));
  }
  if (encoding == Encoding::kIdentity) {
    auto plain = base::compress::gunzip(file.gz, kPlainBytesMax);
    if (!plain) return refuse(exchange, 500, plain.error().message);
    response.body.push_back(Chunk::of(std::move(*plain)));
    return exchange.respond(std::move(response));
  }
  response.headers.set("Content-Encoding", encoding == Encoding::kBrotli ? "br" : "gzip");
  response.body.push_back(Chunk::literal(encoding == Encoding::kBrotli ? file.br : file.gz));
  exchange.respond(std::move(response));
}

double quality_of(std::string_view parameters) {  // ";q=0.5"
  for (std::string_view parameter : base::split(parameters, ';')) {
    parameter = base::trim(parameter);
    if (!parameter.starts_with("q=") && !parameter.starts_with("Q=")) continue;
    const std::string_view number = parameter.substr(2);
    if (number.empty() || number[0] != '0') return 1;
    if (number.size() < 3 || number[1] != '.') return 0;
    const auto digits = number.substr(2, 3);
    const int value = base::parse_int<int>(digits).value_or(0);
    return digits.size() == 3 ? value / 1000.0 : digits.size() == 2 ? value / 100.0 : value / 10.0;
  }
  return 1;
}

}  // namespace

Encoding choose_encoding(std::string_view accept_encoding) {
  double br = -1;
  double gzip = -1;
  double any = 0;
  for (const std::string_view part : base::split(accept_encoding, ',')) {
    const size_t semicolon = part.find(';');
    const std::string name = base::to_lower(base::trim(part.substr(0, semicolon)));
    const double quality = semicolon == part.npos ? 1 : quality_of(part.substr(semicolon));
    if (name == "br") br = quality;
    if (name == "gzip" || name == "x-gzip") gzip = quality;
    if (name == "*") any = quality;
  }
  if (br < 0) br = any;
  if (gzip < 0) gzip = any;
  if (br > 0 && br >= gzip) return Encoding::kBrotli;
  return gzip > 0 ? Encoding::kGzip : Encoding::kIdentity;
}

bool etag_matches(std::string_view if_none_match, std::string_view etag) {
  if (base::trim(if_none_match) == "*") return true;
  for (std::string_view one : base::split(if_none_match, ',')) {
    one = base::trim(one);
    if (one.starts_with("W/")) one.remove_prefix(2);
    if (one == etag) return true;
  }
  return false;
}

const File* find_file(const FileTable& table, std::string_view path, std::string_view accept) {
  path.remove_prefix(kPrefix.size());
  if (const auto found = table.files.find(path); found != table.files.end()) return &found->second;
  if (path.starts_with("assets/")) return nullptr;
  const std::string_view last = path.substr(path.rfind('/') + 1);  // npos + 1 is 0
  const bool is_page = !last.contains('.') || accept.contains("text/html");
  return is_page ? &table.files.at("index.html") : nullptr;
}

net::http::Handler file_handler(const FileTable& table) {
  return [&table](const std::shared_ptr<Exchange>& exchange) {
    const auto& request = exchange->request();
    if (request.method != "GET" && request.method != "HEAD")
      return refuse(*exchange, 405, "the dashboard's files are read only");
    if (request.path == "/ui") return redirect(*exchange);
    const File* file =
        request.path.starts_with(kPrefix) ? find_file(table, request.path, request.headers.get("Accept")) : nullptr;
    if (file == nullptr) return refuse(*exchange, 404, "404 page not found");
    serve(*file, *exchange);
  };
}

}  // namespace appliance::node::webui
