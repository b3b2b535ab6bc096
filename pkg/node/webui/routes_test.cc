#include "node/webui/routes.h"

#include <catch2/catch.hpp>

#include "base/strings.h"
#include "node/join/token.h"
#include "orchestrator/apiserver/testing/test_exchange.h"

namespace appliance::node::webui {
namespace {

namespace testing = orchestrator::apiserver::testing;
using testing::must;
using testing::Told;

// An API server over a store in memory, and the routes beside it.
class Desk {
 public:
  Desk() {
    server.make_ca();
    config.node_name = "n1";
    config.node_ip = "192.0.2.1";
    handler = route_handler({.config = config,
                             .kv = server.kv,
                             .client = [this] { return &server.admin(); },
                             .port = [] { return 6443; },
                             .ca_pem = server.ca_pem,
                             .clock = server.clock,
                             .random = server.random,
                             .executor = pool,
                             .log = {}});
  }
  ~Desk() { pool.stop(); }

  Told ask(const std::string& method, const std::string& path, const std::string& body = {}) {
    net::http::Request request;
    request.method = method;
    request.target = path;
    const size_t mark = path.find('?');
    request.path = path.substr(0, mark);
    if (mark != std::string::npos) request.query = net::http::parse_query(std::string_view(path).substr(mark + 1));
    request.body = body;
    auto exchange = std::make_shared<testing::TestExchange>(std::move(request));
    auto future = exchange->future();
    handler(std::move(exchange));
    REQUIRE(future.wait_for(std::chrono::seconds(60)) == std::future_status::ready);
    return future.get();
  }
  void put(const std::string& key, const std::string& value) {
    store::TxnRequest txn;
    txn.success.emplace_back(store::PutOp{.key = key, .value = std::make_shared<const std::string>(value)});
    REQUIRE(store::txn_wait(server.kv, std::move(txn)).has_value());
  }

  testing::TestServer server;
  Config config;
  base::ThreadPool pool{{.name = "web-ui", .threads = 2}};
  net::http::Handler handler;
};

std::string key_of(const json::Value& entry) { return std::string(json::string_at(entry, {"key"})); }

// A Status of the Kubernetes API with this code and reason.
void check_status(const Told& told, int code, std::string_view reason) {
  INFO(told.body);
  CHECK(told.status == code);
  CHECK(json::string_at(told.json(), {"kind"}) == "Status");
  CHECK(json::int_at(told.json(), {"code"}) == code);
  CHECK(json::string_at(told.json(), {"reason"}) == reason);
}

}  // namespace

TEST_CASE("webui: the store says how it is and who its members are") {
  Desk desk;
  desk.put("/a", "1");
  const auto told = desk.ask("GET", "/ui/v1/store/status");
  CHECK(told.status == 200);
  CHECK(told.headers.get("Cache-Control") == "no-store");
  CHECK(json::int_at(told.json(), {"revision"}) == desk.server.kv.status().revision);
  for (const char* field : {"compact_revision", "applied_index", "term", "log_bytes", "db_bytes", "overlay_bytes",
                            "keys", "version", "problem"}) {
    INFO(field);
    CHECK(json::find(told.json(), {field}) != nullptr);
  }
  const auto document = told.json();
  const auto& members = json::array_at(document, {"members"});
  REQUIRE(members.size() == 1);
  CHECK(json::string_at(members[0], {"name"}) == "n1");
  CHECK(json::string_at(members[0], {"address"}) == "192.0.2.1");
  CHECK(json::string_at(members[0], {"role"}) == "leader");
  CHECK(json::bool_at(members[0], {"voter"}));
}

TEST_CASE("webui: keys come in pages, each key once and in order, with the size of its value") {
  Desk desk;
  std::vector<std::string> wanted;
  for (int i = 0; i < 75; ++i) {  // more than are read at once
    char name[16];
    (void)std::snprintf(name, sizeof name, "/page/%03d", i);
    wanted.emplace_back(name);
    desk.put(name, std::string(static_cast<size_t>(i), 'x'));
  }
  desk.put("/pagf", "behind");
  std::vector<std::string> got;
  std::string after;
  int pages = 0;
  for (bool more = true; more; ++pages) {
    const auto told = desk.ask("GET", "/ui/v1/store/keys?prefix=/page/&limit=40&after=" + base::percent_encode(after));
    REQUIRE(told.status == 200);
    const auto document = told.json();
    CHECK(json::int_at(document, {"count"}) == static_cast<int64_t>(wanted.size() - got.size()));
    for (const auto& entry : json::array_at(document, {"keys"})) {
      CHECK(json::int_at(entry, {"size"}) == static_cast<int64_t>(got.size()));
      CHECK(json::int_at(entry, {"version"}) == 1);
      CHECK(json::int_at(entry, {"mod_revision"}) > 0);
      CHECK(json::find(entry, {"value"}) == nullptr);
      got.push_back(key_of(entry));
    }
    more = json::bool_at(document, {"more"});
    after = got.back();
    REQUIRE(pages < 3);
  }
  CHECK(pages == 2);
  CHECK(got == wanted);
  // Without a prefix: everything, and not more than a hundred when no limit is said.
  const auto all = desk.ask("GET", "/ui/v1/store/keys").json();
  CHECK(json::array_at(all, {"keys"}).size() <= 100);
  CHECK(json::int_at(all, {"count"}) > 76);
  const auto none = desk.ask("GET", "/ui/v1/store/keys?prefix=/none/").json();
  CHECK(json::array_at(none, {"keys"}).empty());
  CHECK_FALSE(json::bool_at(none, {"more"}));
}

TEST_CASE("webui: what cannot be asked of the store is refused with a Status") {
  Desk desk;
  for (const char* limit : {"0", "501", "-1", "x"})
    check_status(desk.ask("GET", std::string("/ui/v1/store/keys?limit=") + limit), 400, "BadRequest");
  CHECK(desk.ask("GET", "/ui/v1/store/keys?limit=500").status == 200);
  check_status(desk.ask("GET", "/ui/v1/store/key"), 400, "BadRequest");
  check_status(desk.ask("GET", "/ui/v1/store/key?key64=%21"), 400, "BadRequest");
  check_status(desk.ask("GET", "/ui/v1/store/key?key=/none"), 404, "NotFound");
  check_status(desk.ask("POST", "/ui/v1/store/key?key=/none"), 405, "MethodNotAllowed");
  check_status(desk.ask("GET", "/ui/v1/store/other"), 404, "NotFound");
}

TEST_CASE("webui: a value is shown as JSON, as text or in base64; a Secret's is marked") {
  Desk desk;
  const std::string binary_key("/bin/\xff", 6);
  desk.put("/registry/configmaps/default/a", R"({"data":{"k":"v"}})");
  desk.put("/registry/secrets/default/s", R"({"data":{"p":"c2VjcmV0"}})");
  desk.put("/text", "h\u00e9llo");
  desk.put("/number", "42");
  desk.put(binary_key, std::string("\x00\xff\x01", 3));

  const auto map = desk.ask("GET", "/ui/v1/store/key?key=/registry/configmaps/default/a").json();
  CHECK(json::string_at(map, {"encoding"}) == "json");
  CHECK(json::string_at(map, {"value"}).contains("\n"));  // indented
  CHECK(json::parse(json::string_at(map, {"value"})) == json::parse(R"({"data":{"k":"v"}})"));
  CHECK_FALSE(json::bool_at(map, {"secret"}, true));
  CHECK(json::int_at(map, {"size"}) == 18);
  CHECK(json::int_at(map, {"create_revision"}) == json::int_at(map, {"mod_revision"}));

  const auto secret = desk.ask("GET", "/ui/v1/store/key?key=/registry/secrets/default/s").json();
  CHECK(json::bool_at(secret, {"secret"}));
  CHECK(json::string_at(secret, {"value"}).contains("c2VjcmV0"));

  CHECK(json::string_at(desk.ask("GET", "/ui/v1/store/key?key=/text").json(), {"value"}) == "h\u00e9llo");
  const auto number = desk.ask("GET", "/ui/v1/store/key?key=/number").json();
  CHECK(json::string_at(number, {"encoding"}) == "text");
  CHECK(json::string_at(number, {"value"}) == "42");

  const auto listed = desk.ask("GET", "/ui/v1/store/keys?prefix=/bin/").json();
  REQUIRE(json::array_at(listed, {"keys"}).size() == 1);
  const std::string key64(json::string_at(json::array_at(listed, {"keys"})[0], {"key64"}));
  CHECK(base::unbase64(key64) == binary_key);
  const auto binary = desk.ask("GET", "/ui/v1/store/key?key64=" + base::percent_encode(key64)).json();
  CHECK(json::string_at(binary, {"encoding"}) == "base64");
  CHECK(base::unbase64(json::string_at(binary, {"value"})) == std::string("\x00\xff\x01", 3));
}

TEST_CASE("webui: a join token is made with its whole command, listed without its secret, and revoked") {
  Desk desk;
  const auto made = desk.ask("POST", "/ui/v1/tokens", R"({"ttl":"2h","description":"rack 4"})");
  INFO(made.body);
  REQUIRE(made.status == 201);
  CHECK(made.headers.get("Cache-Control") == "no-store");
  const auto document = made.json();
  const std::string text(json::string_at(document, {"token"}));
  const std::string id(json::string_at(document, {"id"}));
  const auto token = parse_join_token(text);
  REQUIRE(token.has_value());
  CHECK(token->id == id);
  CHECK(token->ca_sha256 == must(crypto::parse_certificate(desk.server.ca_pem)).sha256);
  CHECK(json::string_at(document, {"command"}) == "appliance join 192.0.2.1:6443 --token " + text);
  CHECK(json::string_at(document, {"role"}) == "worker");
  const auto expires = must(base::parse_rfc3339(json::string_at(document, {"expires"})));
  CHECK(std::chrono::abs(expires - desk.server.clock.now() - std::chrono::hours(2)) < std::chrono::minutes(5));

  const auto list = desk.ask("GET", "/ui/v1/tokens");
  CHECK_FALSE(list.body.contains(token->secret));
  const auto listed = list.json();
  REQUIRE(json::array_at(listed, {"tokens"}).size() == 1);
  const auto& entry = json::array_at(listed, {"tokens"})[0];
  CHECK(json::string_at(entry, {"id"}) == id);
  CHECK(json::string_at(entry, {"description"}) == "rack 4");
  CHECK_FALSE(json::bool_at(entry, {"expired"}, true));

  CHECK(desk.ask("DELETE", "/ui/v1/tokens?id=" + id).status == 200);
  check_status(desk.ask("DELETE", "/ui/v1/tokens?id=" + id), 404, "NotFound");
  const auto after = desk.ask("GET", "/ui/v1/tokens").json();
  CHECK(json::array_at(after, {"tokens"}).empty());
}

TEST_CASE("webui: a token's wish may be empty, and what cannot be granted is said") {
  Desk desk;
  CHECK(desk.ask("POST", "/ui/v1/tokens").status == 201);
  CHECK(desk.ask("POST", "/ui/v1/tokens", "{}").status == 201);
  for (const char* body : {"[", "[]", R"({"ttl":"soon"})", R"({"ttl":3600})", R"({"role":"king"})"})
    check_status(desk.ask("POST", "/ui/v1/tokens", body), 400, "BadRequest");
  check_status(desk.ask("POST", "/ui/v1/tokens", std::string(kBodyBytesMax + 1, ' ')), 413, "RequestEntityTooLarge");
  check_status(desk.ask("PUT", "/ui/v1/tokens"), 405, "MethodNotAllowed");
  // A Secret that is no token is not deleted by this road.
  check_status(desk.ask("DELETE", "/ui/v1/tokens?id=../x"), 404, "NotFound");
}

TEST_CASE("webui: when the server stops, whoever still asks is told so") {
  Desk desk;
  desk.pool.stop();
  check_status(desk.ask("GET", "/ui/v1/store/status"), 503, "ServiceUnavailable");
}

}  // namespace appliance::node::webui
