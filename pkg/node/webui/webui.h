// What the composition root gives the API server for the dashboard.
//
//   options.web_ui = make_web_ui(deps);
#pragma once

#include <string_view>

#include "node/webui/files.h"
#include "node/webui/routes.h"
#include "orchestrator/apiserver/options.h"

namespace appliance::node::webui {

// Of the pages that this executable carries: a tab that has another one is to load anew. "none": it carries none.
std::string_view webui_build();

// The files of this executable and the routes of `deps`.
orchestrator::apiserver::WebUi make_web_ui(RouteDeps deps);

}  // namespace appliance::node::webui
