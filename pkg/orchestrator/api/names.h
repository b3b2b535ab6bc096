// The rules for names, labels and values, with the real server's explanations (an empty list: fine). Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json/json.h"
#include "orchestrator/api/errors.h"

namespace appliance::orchestrator::api {

std::vector<std::string> check_dns_label(std::string_view text);       // RFC 1123, 63 characters
std::vector<std::string> check_dns_subdomain(std::string_view text);   // RFC 1123, 253 characters
std::vector<std::string> check_dns_1035_label(std::string_view text);  // RFC 1035: begins with a letter
std::vector<std::string> check_path_segment(std::string_view text);    // no "/", "%", ".", ".."
std::vector<std::string> check_qualified_name(std::string_view text);  // example.com/MyName
std::vector<std::string> check_label_value(std::string_view text);
std::vector<std::string> check_env_name(std::string_view text);
std::vector<std::string> check_config_key(std::string_view text);  // keys of ConfigMap and Secret
std::vector<std::string> check_port_name(std::string_view text);   // IANA service name, 15 characters
std::vector<std::string> check_port(int64_t number);               // 1..65535
bool is_ip(std::string_view text);
bool is_ipv4(std::string_view text);

using NameCheck = std::vector<std::string> (*)(std::string_view text);

// One FieldError per explanation.
void add_invalid(std::vector<FieldError>& errors, const std::string& field, std::string_view value,
                 const std::vector<std::string>& why);
void check_labels(std::vector<FieldError>& errors, const std::string& field, const json::Value* labels);
void check_label_selector(std::vector<FieldError>& errors, const std::string& field, const json::Value* selector);

}  // namespace appliance::orchestrator::api
