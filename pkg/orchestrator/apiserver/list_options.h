// The query of list and watch, read and checked once (kube-api page 3.1); continue tokens. Pure, apart from
// with_revision().
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "orchestrator/api/selector.h"
#include "orchestrator/apiserver/core.h"

namespace appliance::orchestrator::apiserver {

inline constexpr std::chrono::seconds kFutureRevisionWait{
    3};  // a client may be ahead of this server's cache, not by more

enum class RevisionMatch : unsigned char { kUnset, kExact, kNotOlderThan };

struct ContinueToken {
  int64_t revision = 0;
  api::ObjectKey last;  // the page ended with it
};
std::string encode_continue(const ContinueToken& token);
std::optional<ContinueToken> decode_continue(std::string_view text);

struct ListOptions {
  api::LabelSelector labels;
  api::FieldSelector fields;
  int64_t limit = 0;
  std::optional<ContinueToken> token;
  bool has_revision = false;
  int64_t revision = 0;
  RevisionMatch match = RevisionMatch::kUnset;
  bool allow_bookmarks = false;
  std::optional<int64_t> timeout_seconds;

  [[nodiscard]] bool matches(const api::Object& object) const {
    return labels.matches(object.meta.labels) && fields.matches(object);
  }
};
api::ApiResult<ListOptions> parse_list_options(const api::Kind& kind, const net::http::Request& request);

// Goes on with `then` (on any thread) when the cache shows at least `wanted`, or, without it, all that the store has;
// answers the call itself when that does not come.
void with_revision(Core& core, const CallPtr& call, std::optional<int64_t> wanted,
                   std::move_only_function<void()> then);
api::ApiError too_large_revision(int64_t wanted, int64_t current);

}  // namespace appliance::orchestrator::apiserver
