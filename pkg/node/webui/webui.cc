#include "node/webui/webui.h"

namespace appliance::node::webui {

std::string_view webui_build() { return embedded_files().build; }

orchestrator::apiserver::WebUi make_web_ui(RouteDeps deps) {
  return {.files = file_handler(embedded_files()), .routes = route_handler(std::move(deps))};
}

}  // namespace appliance::node::webui
