#include "orchestrator/apiserver/respond.h"

#include <set>

#include "base/yaml/yaml.h"
#include "orchestrator/api/table.h"

namespace appliance::orchestrator::apiserver {
namespace {

using net::http::Chunk;
using net::http::Response;

// RFC 7230 quoted-string: what stands in a Warning header.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return out + '"';
}

// Of an object that a dry run would have made: it has no resourceVersion.
std::string unrevised_prefix(const api::Kind& kind) {
  return R"({"kind":")" + kind.kind + R"(","apiVersion":")" + kind.api_version() + R"(","metadata":{)";
}

void common_headers(const Call& call, Response& response) {
  response.headers.add("Audit-Id", call.audit_id);
  response.headers.add("Cache-Control", "no-cache, private");
  if (!call.cookie_to_set.empty()) response.headers.add("Set-Cookie", call.cookie_to_set);
  std::set<std::string> seen;
  for (const std::string& warning : call.warnings) {
    if (seen.insert(warning).second) response.headers.add("Warning", "299 - " + quoted(warning));
  }
}

constexpr const char* kYaml = "application/yaml";

// An answer that was made as JSON, in the form for people. Errors stay JSON: who reads them is a program.
Response as_yaml(Response response) {
  std::string text;
  for (const Chunk& chunk : response.body) text += chunk.bytes;
  auto document = json::parse(text);
  if (!document) return response;  // cannot be: it is ours
  response.content_type = kYaml;
  response.body.clear();
  response.body.push_back(Chunk::of(yaml::emit(*document)));
  return response;
}

void finish(Call& call, Response response) {
  common_headers(call, response);
  call.exchange->respond(std::move(response));
}

std::string list_head(std::string_view kind, std::string_view api_version, const ListAnswer& answer) {
  json::Object metadata{{"resourceVersion", std::to_string(answer.revision)}};
  if (!answer.continue_token.empty()) metadata["continue"] = answer.continue_token;
  if (answer.remaining >= 0) metadata["remainingItemCount"] = answer.remaining;
  std::string out = "{\"kind\":\"";
  out.append(kind).append("\",\"apiVersion\":\"").append(api_version).append("\",\"metadata\":");
  out += json::serialize(std::move(metadata));
  return out + ",\"items\":[";
}

Response object_list(const Call& call, const ListAnswer& answer) {
  Response response;
  response.body.reserve(answer.objects.size() * 2 + 2);
  response.body.push_back(Chunk::of(list_head(call.kind->list_kind(), call.kind->api_version(), answer)));
  bool first = true;
  for (const api::ObjectPtr& object : answer.objects) {
    response.body.push_back(Chunk::of((first ? "" : ",") + api::splice_item_prefix(object->revision)));
    response.body.push_back({object->bytes, api::splice_rest(*object->bytes)});
    first = false;
  }
  response.body.push_back(Chunk::literal("]}\n"));
  return response;
}

Response partial_list(const Call& call, const ListAnswer& answer) {
  const std::string& version = call.accepted.meta_version;
  std::string body = list_head("PartialObjectMetadataList", "meta.k8s.io/" + version, answer);
  bool first = true;
  for (const api::ObjectPtr& object : answer.objects) {
    if (!first) body += ',';
    body += api::partial_object_json(*object, version);
    first = false;
  }
  Response response;
  response.body.push_back(Chunk::of(body + "]}\n"));
  return response;
}

void respond_table(Call& call, int status, std::span<const api::Object* const> objects, api::TableOptions options) {
  const auto include = api::parse_include_object(call.request().query_value("includeObject"));
  if (!include) return respond_error(call, include.error());
  options.include = *include;
  options.version = call.accepted.meta_version;
  Response response;
  response.status = status;
  response.body.push_back(Chunk::of(api::table_json(*call.kind, objects, options)));
  finish(call, std::move(response));
}

}  // namespace

int64_t unix_seconds(base::WallTime time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

void respond_error(Call& call, const api::ApiError& error) {
  Response response;
  response.status = error.code;
  if (error.retry_after_seconds > 0) response.headers.add("Retry-After", std::to_string(error.retry_after_seconds));
  response.body.push_back(Chunk::of(json::serialize(api::to_status(error)) + '\n'));
  finish(call, std::move(response));
}

void respond_json(Call& call, int status, const json::Value& document) {
  Response response;
  response.status = status;
  response.body.push_back(Chunk::of(json::serialize(document) + '\n'));
  finish(call, call.accepted.yaml ? as_yaml(std::move(response)) : std::move(response));
}

void respond_text(Call& call, int status, std::string text, std::string content_type) {
  finish(call, net::http::text_response(status, std::move(text), std::move(content_type)));
}

void respond_object(Call& call, int status, const api::Object& object, base::WallTime now) {
  if (call.accepted.form == Form::kTable) {
    const api::Object* const one = &object;
    api::TableOptions options;
    options.now_seconds = unix_seconds(now);
    options.list_revision = object.revision;
    return respond_table(call, status, {&one, 1}, options);
  }
  Response response;
  response.status = status;
  if (call.accepted.form == Form::kPartial) {
    response.body.push_back(Chunk::of(api::partial_object_json(object, call.accepted.meta_version) + '\n'));
  } else {
    response.body.push_back(Chunk::of(object.revision > 0 ? api::splice_prefix(*object.kind, object.revision)
                                                          : unrevised_prefix(*object.kind)));
    response.body.push_back({object.bytes, api::splice_rest(*object.bytes)});
    response.body.push_back(Chunk::literal("\n"));
  }
  finish(call, call.accepted.yaml ? as_yaml(std::move(response)) : std::move(response));
}

void respond_list(Call& call, const ListAnswer& answer, base::WallTime now) {
  if (call.accepted.form == Form::kTable) {
    std::vector<const api::Object*> objects;
    objects.reserve(answer.objects.size());
    for (const api::ObjectPtr& object : answer.objects) objects.push_back(object.get());
    api::TableOptions options;
    options.now_seconds = unix_seconds(now);
    options.list_revision = answer.revision;
    options.continue_token = answer.continue_token;
    options.remaining_items = answer.remaining;
    return respond_table(call, 200, objects, options);
  }
  finish(call, call.accepted.form == Form::kPartial ? partial_list(call, answer) : object_list(call, answer));
}

Response stream_head(const Call& call, std::string content_type) {
  Response response;
  response.content_type = std::move(content_type);
  common_headers(call, response);
  return response;
}

}  // namespace appliance::orchestrator::apiserver
