// What PUT and PATCH share: from the object that is asked for to the one that is written.
#pragma once

#include "orchestrator/apiserver/admission.h"
#include "orchestrator/apiserver/change.h"

namespace appliance::orchestrator::apiserver {

// Checks resourceVersion and uid, prepares, admits and validates; decides between put, keep (nothing changed) and
// delete (the last finalizer of an object that is being deleted went).
api::ApiResult<Next> next_of_update(Core& core, const Call& call, json::Value object, const api::Object& current,
                                    std::string_view subresource, Reservations& reservations);

// The whole way: change_object with `make` giving the asked-for object out of the current one, and the answer.
using Make = std::function<api::ApiResult<json::Value>(const api::Object& current)>;
void update_and_answer(Core& core, const CallPtr& call, std::string subresource, Make make);

// Nothing holds this object that is being deleted any more.
bool ready_to_go(const api::Kind& kind, const json::Value& object);

}  // namespace appliance::orchestrator::apiserver
