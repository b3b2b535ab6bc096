// The verbs: each takes an authorized call on a pool thread (or, in process, the caller's) and ends its exchange, now
// or later.
#pragma once

#include "orchestrator/apiserver/core.h"

namespace appliance::orchestrator::apiserver {

void serve_get(Core& core, const CallPtr& call);
void serve_list(Core& core, const CallPtr& call);
void serve_watch(Core& core, const CallPtr& call);
void serve_create(Core& core, const CallPtr& call);
void serve_update(Core& core, const CallPtr& call);  // PUT, also of status and finalize
void serve_patch(Core& core, const CallPtr& call);   // PATCH, also of status
void serve_delete(Core& core, const CallPtr& call);
void serve_delete_collection(Core& core, const CallPtr& call);

// Subresources.
void serve_scale(Core& core, const CallPtr& call);  // get, update, patch
void serve_binding(Core& core, const CallPtr& call);
void serve_eviction(Core& core, const CallPtr& call);
void serve_token(Core& core, const CallPtr& call);
void serve_log(Core& core, const CallPtr& call);
void serve_exec(Core& core, const CallPtr& call);  // exec and attach

// The dashboard's own paths, /ui/v1/….
void serve_web_ui(Core& core, const CallPtr& call);  // web_ui.cc: links, sessions, and on to the others
void serve_live(Core& core, const CallPtr& call);    // live/stream.cc: the WebSocket of /ui/v1/stream

// Review kinds: answered and forgotten.
void serve_review(Core& core, const CallPtr& call);

}  // namespace appliance::orchestrator::apiserver
