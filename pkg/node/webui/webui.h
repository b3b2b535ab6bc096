// What the composition root gives the API server for the dashboard.
//
//   options.web_ui = make_web_ui(deps);
#pragma once

#include <string_view>

#include "node/webui/files.h"
#include "orchestrator/apiserver/options.h"

namespace appliance::node::webui {

// Of the pages that this executable carries: a tab that has another one is to load anew. "none": it carries none.
std::string_view webui_build();

}  // namespace appliance::node::webui
