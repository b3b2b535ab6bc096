// Answers: objects by splicing their stored bytes, lists as an iovec of them, tables, Status documents; with the
// headers that every answer carries (Audit-Id, Cache-Control, Warning). Each function ends the call's exchange.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json/json.h"
#include "orchestrator/apiserver/call.h"

namespace appliance::orchestrator::apiserver {

void respond_error(Call& call, const api::ApiError& error);
void respond_json(Call& call, int status, const json::Value& document);
void respond_text(Call& call, int status, std::string text, std::string content_type = "text/plain; charset=utf-8");
// In the form that the call accepts; `now` for the ages of a table.
void respond_object(Call& call, int status, const api::Object& object, base::WallTime now);

struct ListAnswer {
  int64_t revision = 0;
  std::vector<api::ObjectPtr> objects;
  std::string continue_token;
  int64_t remaining = -1;  // < 0: absent
};
void respond_list(Call& call, const ListAnswer& answer, base::WallTime now);

// The headers of an answer that streams.
net::http::Response stream_head(const Call& call, std::string content_type);

int64_t unix_seconds(base::WallTime time);

}  // namespace appliance::orchestrator::apiserver
