// Texts that break pages which trust what they show: markup, terminal escapes, text that changes its direction, names
// of JavaScript's own, very long values. All of it passes the API's validation as free text. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace appliance::node::dev {

std::span<const std::string_view> hostile_texts();
std::string_view hostile_text(size_t i);  // of the list, round and round

inline constexpr size_t kHostileValueBytes = 100'000;  // an annotation; all of an object may have 256 KiB
inline constexpr size_t kHostileLineBytes = 1U << 20U;

// `bytes` of one line: no blank to break it at.
std::string long_text(size_t bytes);

}  // namespace appliance::node::dev
