// The routes of the control socket, as a table.
#pragma once

#include <span>

#include "base/json/json.h"
#include "node/control/control.h"

namespace appliance::node {

struct Route {
  std::string_view method;
  std::string_view path;  // behind /control
  bool blocks;            // runs on the blocking pool instead of the loop
  void (*handle)(ControlDeps& deps, const std::shared_ptr<net::http::Exchange>& exchange);
};
std::span<const Route> routes();

void respond_json(net::http::Exchange& exchange, const json::Value& document, int status = 200);
void respond_error(net::http::Exchange& exchange,
                   const Error& error);  // {"message","hint"} with the status of the code

json::Object store_status_document(const store::StoreStatus& status);

// routes_images.cc, routes_store.cc, routes_tokens.cc
void images_list(ControlDeps&, const std::shared_ptr<net::http::Exchange>&);
void images_pull(ControlDeps&, const std::shared_ptr<net::http::Exchange>&);
void images_import(ControlDeps&, const std::shared_ptr<net::http::Exchange>&);
void images_export(ControlDeps&, const std::shared_ptr<net::http::Exchange>&);
void images_demo(ControlDeps&, const std::shared_ptr<net::http::Exchange>&);
void images_remove(ControlDeps&, const std::shared_ptr<net::http::Exchange>&);
void store_status(ControlDeps&, const std::shared_ptr<net::http::Exchange>&);
void store_range(ControlDeps&, const std::shared_ptr<net::http::Exchange>&);
void store_put(ControlDeps&, const std::shared_ptr<net::http::Exchange>&);
void store_del(ControlDeps&, const std::shared_ptr<net::http::Exchange>&);
void store_watch(ControlDeps&, const std::shared_ptr<net::http::Exchange>&);
void tokens_list(ControlDeps&, const std::shared_ptr<net::http::Exchange>&);
void tokens_create(ControlDeps&, const std::shared_ptr<net::http::Exchange>&);
void tokens_delete(ControlDeps&, const std::shared_ptr<net::http::Exchange>&);

}  // namespace appliance::node
