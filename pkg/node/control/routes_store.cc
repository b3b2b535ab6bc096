#include "base/strings.h"
#include "node/control/routes.h"

namespace appliance::node {
namespace {

using net::http::Exchange;

json::Value key_value(const store::KeyValue& kv) {
  json::Object out{{"key", base::base64(kv.key)},
                   {"create_revision", kv.create_revision},
                   {"mod_revision", kv.mod_revision},
                   {"version", kv.version}};
  if (kv.value) out["value"] = base::base64(*kv.value);
  if (kv.lease != 0) out["lease"] = kv.lease;
  return out;
}

struct KeyRange {
  std::string key;
  std::string end;
};

Result<KeyRange> key_range(std::string_view encoded, bool prefix) {
  auto key = base::unbase64(encoded);
  if (!key) return fail(Code::kInvalidArgument, "key: is not base64");
  if (key->empty() && !prefix) return fail(Code::kInvalidArgument, "key: is empty");
  if (key->empty()) return KeyRange{std::string(1, '\0'), std::string(1, '\0')};
  return KeyRange{*key, prefix ? store::prefix_end(*key) : std::string()};
}

}  // namespace

json::Object store_status_document(const store::StoreStatus& s) {
  return {{"revision", s.revision},
          {"compact_revision", s.compact_revision},
          {"applied_index", static_cast<int64_t>(s.applied_index)},
          {"term", static_cast<int64_t>(s.term)},
          {"log_bytes", static_cast<int64_t>(s.log_bytes)},
          {"db_bytes", static_cast<int64_t>(s.db_bytes)},
          {"overlay_bytes", static_cast<int64_t>(s.overlay_bytes)},
          {"keys", static_cast<int64_t>(s.keys)},
          {"version", s.version},
          {"problem", s.problem}};
}

void store_status(ControlDeps& deps, const std::shared_ptr<Exchange>& exchange) {
  respond_json(*exchange, store_status_document(deps.kv->status()));
}

void store_range(ControlDeps& deps, const std::shared_ptr<Exchange>& exchange) {
  const auto body = json::parse(exchange->request().body);
  if (!body) return respond_error(*exchange, body.error());
  const auto range = key_range(json::string_at(*body, {"key"}), json::bool_at(*body, {"prefix"}));
  if (!range) return respond_error(*exchange, range.error());
  store::RangeRequest request;
  request.key = range->key;
  request.range_end = range->end;
  request.limit = json::int_at(*body, {"limit"});
  request.revision = json::int_at(*body, {"revision"});
  request.keys_only = json::bool_at(*body, {"keys_only"});
  request.count_only = json::bool_at(*body, {"count_only"});
  deps.kv->range(std::move(request), [exchange](Result<store::RangeResponse> reply) {
    if (!reply) return respond_error(*exchange, reply.error());
    json::Array kvs;
    for (const auto& kv : reply->kvs) kvs.push_back(key_value(kv));
    respond_json(
        *exchange,
        json::Object{
            {"revision", reply->revision}, {"kvs", std::move(kvs)}, {"more", reply->more}, {"count", reply->count}});
  });
}

void store_put(ControlDeps& deps, const std::shared_ptr<Exchange>& exchange) {
  const auto body = json::parse(exchange->request().body);
  if (!body) return respond_error(*exchange, body.error());
  const auto range = key_range(json::string_at(*body, {"key"}), false);
  auto value = base::unbase64(json::string_at(*body, {"value"}));
  if (!range || !value)
    return respond_error(
        *exchange,
        !range
            ? range.error()
            : Error{.code = Code::kInvalidArgument, .message = "value: is not base64", .errno_value = 0, .hint = {}});
  store::TxnRequest txn;
  txn.success.emplace_back(
      store::PutOp{.key = range->key, .value = std::make_shared<const std::string>(*std::move(value))});
  deps.kv->txn(std::move(txn), [exchange](Result<store::TxnResponse> reply) {
    if (!reply) return respond_error(*exchange, reply.error());
    respond_json(*exchange, json::Object{{"revision", reply->revision}});
  });
}

void store_del(ControlDeps& deps, const std::shared_ptr<Exchange>& exchange) {
  const auto body = json::parse(exchange->request().body);
  if (!body) return respond_error(*exchange, body.error());
  const auto range = key_range(json::string_at(*body, {"key"}), json::bool_at(*body, {"prefix"}));
  if (!range) return respond_error(*exchange, range.error());
  store::TxnRequest txn;
  txn.success.emplace_back(store::DeleteOp{.key = range->key, .range_end = range->end});
  deps.kv->txn(std::move(txn), [exchange](Result<store::TxnResponse> reply) {
    if (!reply) return respond_error(*exchange, reply.error());
    const auto* deleted = reply->responses.empty() ? nullptr : std::get_if<store::DeleteResponse>(&reply->responses[0]);
    respond_json(*exchange,
                 json::Object{{"revision", reply->revision}, {"deleted", deleted != nullptr ? deleted->deleted : 0}});
  });
}

void store_watch(ControlDeps& deps, const std::shared_ptr<Exchange>& exchange) {
  const auto& request = exchange->request();
  const auto range = key_range(request.query_value("key"), request.query_flag("prefix"));
  if (!range) return respond_error(*exchange, range.error());
  net::http::Response head;
  head.content_type = "application/x-ndjson";
  auto stream = exchange->start_stream(std::move(head));
  store::WatchRequest watch;
  watch.key = range->key;
  watch.range_end = range->end;
  watch.start_revision = base::parse_int<int64_t>(request.query_value("revision")).value_or(0);
  auto handle = deps.kv->watch(std::move(watch), [stream](Result<store::WatchBatch> batch) {
    if (!batch) {
      stream->write(json::serialize(json::Object{{"message", batch.error().message}}) + '\n');
      stream->finish();
      return;
    }
    json::Array events;
    for (const auto& event : batch->events) {
      auto entry = key_value(event.kv).as_object();
      entry["type"] = event.type == store::Event::Type::kPut ? "PUT" : "DELETE";
      events.push_back(std::move(entry));
    }
    if (!events.empty())
      stream->write(json::serialize(json::Object{{"revision", batch->revision}, {"events", std::move(events)}}) + '\n');
  });
  // The watch lives as long as its reader. It ends on the blocking pool: its destructor waits for a running callback.
  auto shared = std::make_shared<std::unique_ptr<store::Watch>>(std::move(handle));
  stream->on_close([shared, &blocking = deps.blocking] {
    if (!blocking.post([shared] { shared->reset(); })) shared->reset();
  });
}

}  // namespace appliance::node
