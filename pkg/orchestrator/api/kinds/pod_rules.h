// Rules of pods and pod templates, in the order in which the real server reports them.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/json/json.h"
#include "orchestrator/api/errors.h"

namespace appliance::orchestrator::api {

void validate_pod(const json::Value& pod, const json::Value* old, std::vector<FieldError>& errors);

// kinds/container_rules.cc. `volumes`: the names that mounts may use.
enum class ContainerRole : unsigned char { kMain, kInit, kEphemeral };
void validate_containers(const json::Array& containers, const std::string& path, ContainerRole role,
                         const std::set<std::string_view>& volumes, std::set<std::string_view>& names,
                         std::vector<FieldError>& errors);
void validate_resources(const json::Value* resources, const std::string& path, std::vector<FieldError>& errors);

// kinds/volume_rules.cc. Returns the names.
std::set<std::string_view> validate_volumes(const json::Array& volumes, const std::string& path,
                                            std::vector<FieldError>& errors);

// kinds/pod_update.cc
void validate_pod_update(const json::Value& pod, const json::Value& old, std::vector<FieldError>& errors);

// Helpers of these files.
std::string_view text_of(const json::Value& value);  // "" when not a string
bool is_one_of(std::string_view text, const std::vector<std::string>& values);
// Required when empty, Unsupported when not in `values` (reported in this order).
void check_choice(const json::Value& object, std::string_view key, const std::string& path,
                  const std::vector<std::string>& values, std::vector<FieldError>& errors);
void check_not_negative(const json::Value& object, std::string_view key, const std::string& path,
                        std::vector<FieldError>& errors);

}  // namespace appliance::orchestrator::api
