#include "node/webui/webui.h"

namespace appliance::node::webui {

std::string_view webui_build() { return embedded_files().build; }

}  // namespace appliance::node::webui
