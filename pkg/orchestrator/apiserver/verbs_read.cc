// get and list, out of the watch cache (kube-api page 3.1).
#include "base/strings.h"
#include "orchestrator/api/selector.h"
#include "orchestrator/apiserver/list_options.h"
#include "orchestrator/apiserver/verbs.h"

namespace appliance::orchestrator::apiserver {
namespace {

using namespace std::chrono_literals;

api::ApiError internal(const Error& error) { return api::from_error(error); }

void answer_get(Core& core, Call& call) {
  const api::ObjectPtr object = core.cache.get(*call.kind, call.key());
  if (!object) return respond_error(call, api::not_found(*call.kind, call.info.name));
  respond_object(call, 200, *object, core.clock.now());
}

api::ApiError continue_expired(const ListOptions& options) {
  api::ApiError out;
  out.code = 410;
  out.reason = "Expired";
  out.message = options.token ? "The provided continue parameter is too old to display a consistent list result. You "
                                "can start a new list without the continue parameter."
                              : "The resourceVersion for the provided list is too old.";
  return out;
}

// Selects, sorts out what the page holds, and says how to go on.
ListAnswer page_of(Listing listing, const ListOptions& options) {
  ListAnswer out{.revision = listing.revision, .objects = {}, .continue_token = {}, .remaining = -1};
  const bool selects = !options.labels.empty() || !options.fields.empty();
  auto it = listing.objects.begin();
  if (options.token)
    it = std::ranges::upper_bound(listing.objects, options.token->last, {},
                                  [](const auto& o) -> const ObjectKey& { return o->key; });
  for (; it != listing.objects.end(); ++it) {
    if (!options.matches(**it)) continue;
    if (options.limit > 0 && static_cast<int64_t>(out.objects.size()) >= options.limit) {
      out.continue_token = encode_continue({.revision = listing.revision, .last = out.objects.back()->key});
      if (!selects) out.remaining = listing.objects.end() - it;
      return out;
    }
    out.objects.push_back(std::move(*it));
  }
  return out;
}

void answer_list(Core& core, Call& call, const ListOptions& options) {
  const int64_t exact = options.token                            ? options.token->revision
                        : options.match == RevisionMatch::kExact ? options.revision
                                                                 : 0;
  if (exact == 0) return respond_list(call, page_of(core.cache.list(*call.kind, call.ns()), options), core.clock.now());
  auto listing = core.cache.list_at(*call.kind, call.ns(), exact);
  if (!listing) return respond_error(call, continue_expired(options));
  respond_list(call, page_of(std::move(*listing), options), core.clock.now());
}

}  // namespace

api::ApiError too_large_revision(int64_t wanted, int64_t current) {
  api::ApiError out;
  out.code = 504;
  out.reason = "Timeout";
  out.message =
      "Timeout: Too large resource version: " + std::to_string(wanted) + ", current: " + std::to_string(current);
  out.causes.push_back({"ResourceVersionTooLarge", "Too large resource version", ""});
  out.retry_after_seconds = 1;
  return out;
}

void with_revision(Core& core, const CallPtr& call, std::optional<int64_t> wanted,
                   std::move_only_function<void()> then) {
  if (!wanted) {
    core.cache.when_current([&core, call, then = std::move(then)](Result<int64_t> revision) mutable {
      core.resume([call, then = std::move(then), revision = std::move(revision)]() mutable {
        if (!revision) return respond_error(*call, internal(revision.error()));
        then();
      });
    });
    return;
  }
  if (*wanted <= core.cache.revision()) return then();
  core.cache.when_at_least(*wanted, kFutureRevisionWait,
                           [&core, call, wanted = *wanted, then = std::move(then)](bool reached) mutable {
                             core.resume([&core, call, wanted, reached, then = std::move(then)]() mutable {
                               if (!reached)
                                 return respond_error(*call, too_large_revision(wanted, core.cache.revision()));
                               then();
                             });
                           });
}

void serve_get(Core& core, const CallPtr& call) {
  const std::string_view text = call->request().query_value("resourceVersion");
  std::optional<int64_t> wanted;
  if (!text.empty()) {
    wanted = base::parse_int<int64_t>(text);
    if (!wanted || *wanted < 0)
      return respond_error(*call, api::bad_request("invalid resource version \"" + std::string(text) + "\""));
  }
  with_revision(core, call, wanted, [&core, call] { answer_get(core, *call); });
}

void serve_list(Core& core, const CallPtr& call) {
  auto parsed = parse_list_options(*call->kind, call->request());
  if (!parsed) return respond_error(*call, parsed.error());
  std::optional<int64_t> wanted;
  if (parsed->token) {
    wanted = parsed->token->revision;
  } else if (parsed->has_revision) {
    wanted = parsed->revision;
  }
  with_revision(core, call, wanted, [&core, call, options = std::move(*parsed)] { answer_list(core, *call, options); });
}

}  // namespace appliance::orchestrator::apiserver
