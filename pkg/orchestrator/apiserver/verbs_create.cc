// create (kube-api page 3.2): decode, prepare, admit, validate, write; generated names are tried again when taken.
#include "base/strings.h"
#include "orchestrator/apiserver/admission.h"
#include "orchestrator/apiserver/change.h"
#include "orchestrator/apiserver/verbs.h"

namespace appliance::orchestrator::apiserver {
namespace {

constexpr int kNameAttemptsMax = 8;  // as kube-apiserver 1.31: then the client hears AlreadyExists

struct Creation {
  Core& core;
  CallPtr call;
  json::Value input;   // as decoded
  bool fresh = false;  // the cache was brought to the store's revision for this attempt
  int names_tried = 0;
  int namespaces_lost = 0;  // times that the namespace moved under the write
  Reservations reservations;
  json::Value object;  // of this attempt
};
using CreationPtr = std::shared_ptr<Creation>;

void run(const CreationPtr& c);

std::string generated_name(base::Random& random, std::string_view base) {
  unsigned char bytes[5];
  random.fill(bytes);
  return api::generated_name(base, bytes);
}

// Name, uid and times: what only the server knows.
api::ApiResult<std::string> stamp(Core& core, json::Value& object) {
  std::string name(json::string_at(object, {"metadata", "name"}));
  const std::string prefix(json::string_at(object, {"metadata", "generateName"}));
  if (name.empty() && !prefix.empty()) {
    name = generated_name(core.random, prefix);
    json::ensure(object, {"metadata", "name"}) = name;
  }
  json::ensure(object, {"metadata", "uid"}) = core.random.uuid();
  json::ensure(object, {"metadata", "creationTimestamp"}) = base::format_rfc3339(core.clock.now());
  json::ensure(object, {"metadata"}).as_object().erase("managedFields");  // kept when server-side apply is there
  return name;
}

api::ApiResult<std::string> admit(const CreationPtr& c) {
  Core& core = c->core;
  const Call& call = *c->call;
  const api::Kind& kind = *call.kind;
  c->reservations.release();
  c->object = c->input;
  api::prepare_create(kind, c->object);
  auto name = stamp(core, c->object);
  if (!name) return name;
  if (auto r = admit_namespace(core, call, kind, *name); !r) return std::unexpected(std::move(r).error());
  if (auto r = admit_node_identity(core, call, kind, *name); !r) return std::unexpected(std::move(r).error());
  if (auto r = admit_node_write(core, call, kind, c->object, nullptr, ""); !r)
    return std::unexpected(std::move(r).error());
  // What the schema refuses is said before numbers are taken for it.
  if (auto errors = api::validate(kind, c->object, nullptr); !errors.empty())
    return std::unexpected(api::invalid(kind, *name, errors));
  if (auto r = admit_create(core, call, kind, c->object, c->reservations); !r)
    return std::unexpected(std::move(r).error());
  return name;
}

void run_fresh(const CreationPtr& c) {
  c->core.cache.when_current([c](Result<int64_t> revision) {
    c->core.resume([c, revision = std::move(revision)] {
      if (!revision) return respond_error(*c->call, api::from_error(revision.error()));
      c->fresh = true;
      run(c);
    });
  });
}

void answer(const CreationPtr& c, const api::ObjectKey& key, int64_t revision, store::SharedBytes bytes) {
  const auto object = bare_object(*c->call->kind, key, revision, std::move(bytes));
  respond_object(*c->call, 201, *object, c->core.clock.now());
}

void on_written(const CreationPtr& c, const api::ObjectKey& key, const store::SharedBytes& bytes,
                api::ApiResult<Written> written) {
  if (!written) return respond_error(*c->call, written.error());
  if (!written->conflict) {
    c->reservations.commit();
    return answer(c, key, written->revision, bytes);
  }
  if (!written->exists && c->call->kind->namespaced) {
    // The namespace has changed since the cache showed it: it may be going away.
    if (++c->namespaces_lost < kAttemptsMax) return run_fresh(c);
    return respond_error(*c->call, api::conflict_modified(c->core.kind("namespaces"), key.ns));
  }
  const bool generated = json::string_at(c->input, {"metadata", "name"}).empty();
  if (generated && ++c->names_tried < kNameAttemptsMax) return run(c);
  respond_error(*c->call, api::already_exists(*c->call->kind, key.name));
}

// Its namespace as the cache shows it; a create is written only while the store still has that very state.
std::optional<Unmoved> namespace_of(const CreationPtr& c) {
  if (!c->call->kind->namespaced) return std::nullopt;
  const api::Kind& namespaces = c->core.kind("namespaces");
  const api::ObjectKey key{"", c->call->info.ns};
  const api::ObjectPtr found = c->core.cache.get(namespaces, key);
  return Unmoved{.path = storage_key(namespaces, key), .revision = found ? found->revision : 0};
}

void run(const CreationPtr& c) {
  const std::optional<Unmoved> home = namespace_of(c);  // before admission looks at it: what it saw is not older
  auto name = admit(c);
  if (!name) {
    // The cache may not have seen yet what admission looked for.
    const bool lookup = name.error().code == 403 || name.error().code == 404 || name.error().code == 422;
    if (lookup && !c->fresh) return run_fresh(c);
    return respond_error(*c->call, name.error());
  }
  const api::ObjectKey key{c->call->ns(), *name};
  auto bytes = std::make_shared<const std::string>(api::stored_bytes(c->object));
  if (c->call->dry_run) {
    if (c->core.cache.get(*c->call->kind, key))
      return respond_error(*c->call, api::already_exists(*c->call->kind, key.name));
    return answer(c, key, 0, std::move(bytes));
  }
  compare_and_write(
      c->core, *c->call->kind, key, 0, bytes,
      [c, key, bytes](api::ApiResult<Written> written) { on_written(c, key, bytes, std::move(written)); }, home);
}

}  // namespace

void serve_create(Core& core, const CallPtr& call) {
  const auto& request = call->request();
  auto decoded = api::decode(*call->kind, request.body, request.headers.get("Content-Type"), call->validation);
  if (!decoded) return respond_error(*call, decoded.error());
  for (std::string& warning : decoded->warnings) call->warnings.push_back(std::move(warning));
  if (!json::string_at(decoded->object, {"metadata", "resourceVersion"}).empty()) {
    return respond_error(*call, api::bad_request("resourceVersion should not be set on objects to be created"));
  }
  if (auto r = api::check_url(*call->kind, decoded->object, call->ns(), ""); !r) return respond_error(*call, r.error());
  run(std::make_shared<Creation>(core, call, std::move(decoded->object)));
}

}  // namespace appliance::orchestrator::apiserver
