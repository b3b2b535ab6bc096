// The dashboard inside the API's one path: which requests are its files, whose session a cookie is, and from where a
// request with one may come.
#pragma once

#include "orchestrator/apiserver/core.h"

namespace appliance::orchestrator::apiserver {

// /ui and /ui/… but /ui/v1: for everybody.
bool is_web_ui_file(std::string_view path);
void serve_web_ui_file(Core& core, Call& call);

// Everything of the dashboard's own API but asking for a session: 401 for nobody, so that the page says how to get one.
bool needs_login(std::string_view path);

// Whose cookie the request carries; errors as of verify_session().
Result<Session> session_of_request(const Core& core, const net::http::Request& request);

// Prolongs a session that is used, at most once in kSessionRenewedEvery; the answer of the call brings the cookie anew.
void renew_session(Core& core, Call& call, const Session& session);

// The rule against forged requests: a browser adds the cookie to whatever any page of this host sends. What changes
// something, and every WebSocket, must therefore come from our own page (Origin), and changes carry a header that no
// form can send. Without a cookie only the login is looked at.
api::ApiResult<void> check_origin(const net::http::Request& request, bool by_cookie);

}  // namespace appliance::orchestrator::apiserver
