// GET /ui/v1/stream: the dashboard's WebSocket. Whoever comes here has been authenticated; what it may see is judged
// subscription by subscription.
#include "base/strings.h"
#include "orchestrator/apiserver/live/tab.h"
#include "orchestrator/apiserver/sessions.h"
#include "orchestrator/apiserver/verbs.h"

namespace appliance::orchestrator::apiserver {
namespace {

bool offers_protocol(const net::http::Request& request) {
  for (const std::string_view header : request.headers.all("Sec-WebSocket-Protocol"))
    for (const std::string_view one : base::split(header, ','))
      if (base::trim(one) == live::kSubprotocol) return true;
  return false;
}

api::ApiError too_many_tabs() {
  api::ApiError error;
  error.code = 429;
  error.reason = "TooManyRequests";
  error.message = "there are " + std::to_string(live::kTabsMax) + " open tabs of the dashboard already, or " +
                  std::to_string(live::kTabsPerUserMax) + " of yours";
  error.retry_after_seconds = 10;
  return error;
}

}  // namespace

void serve_live(Core& core, const CallPtr& call) {
  if (!call->request().websocket_upgrade || !offers_protocol(call->request())) {
    return respond_error(*call, api::bad_request("Upgrade request required: WebSocket with subprotocol " +
                                                 std::string(live::kSubprotocol)));
  }
  if (auto r = may_have_link(call->user); !r) return respond_error(*call, r.error());
  live::Hub::Seat seat = core.tabs->take_seat(call->user.name);
  if (!seat) return respond_error(*call, too_many_tabs());
  auto tab = std::make_shared<live::Tab>(core, std::move(seat), call->user, call->request());
  call->exchange->accept_websocket(
      live::kSubprotocol,
      [tab = std::move(tab)](std::shared_ptr<net::http::WebSocket> socket) { tab->open(std::move(socket)); });
}

}  // namespace appliance::orchestrator::apiserver
