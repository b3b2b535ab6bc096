// The frames of the dashboard's stream (docs/dashboard-stream.md): what a browser may say, read and checked; what the
// server says, written. Pure.
//
//   auto frame = parse_frame(text);
//   if (!frame) send(error_frame(frame.error().sub, frame.error().error));
//
// A refusal names the field: `ns: must be a string`. Numbers of subscriptions are the browser's own.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "orchestrator/api/errors.h"
#include "orchestrator/apiserver/live/usage.h"

namespace appliance::orchestrator::apiserver::live {

inline constexpr std::string_view kSubprotocol = "v1.stream.appliance";
inline constexpr int kProtocolVersion = 1;
inline constexpr size_t kFrameBytesMax = 4096;        // the longest selection is ~2 KiB: six names of 253
inline constexpr size_t kSubscriptionsMax = 32;       // per tab; the busiest page has 8
inline constexpr int64_t kSubMax = (1LL << 53) - 1;   // what a number of JavaScript holds exactly
inline constexpr size_t kWordBytesMax = 253;          // of a name: a DNS subdomain
inline constexpr std::string_view kWordsMax = "253";  // the same, for texts

// Which objects of a kind. Empty fields select all.
struct Selection {
  std::string group;
  std::string plural;
  std::string ns;
  std::string name;
  std::string owner;  // uid of the controller
  std::string node;   // of pods
  std::string about;  // of events: uid of the object that they are about
  bool only_problems = false;
};

struct Subscribe {
  int64_t sub = 0;
  std::variant<Selection, UsageSelection> what;
};
struct Unsubscribe {
  int64_t sub = 0;
};
using ClientFrame = std::variant<Subscribe, Unsubscribe>;

struct Refusal {
  std::optional<int64_t> sub;  // unset: the frame names none that could be read
  api::ApiError error;
};
std::expected<ClientFrame, Refusal> parse_frame(std::string_view text);

struct Hello {
  std::string build;
  std::string user;
  std::vector<std::string> groups;
  std::string node;
};
struct Counts {
  int64_t revision = 0;
  size_t total = 0;
  size_t problems = 0;
};
std::string hello_frame(const Hello& hello);
std::string columns_frame(int64_t sub, const api::Kind& kind);
std::string rows_frame(int64_t sub, std::string_view rows);  // rows: JSON texts with commas between
std::string synced_frame(int64_t sub, const Counts& counts);
std::string change_frame(int64_t sub, std::string_view up, std::string_view del, const Counts& counts);
std::string usage_frame(int64_t sub, std::string_view entries);  // entries: the array's text
std::string reset_frame(int64_t sub);
std::string end_frame(int64_t sub);
std::string error_frame(std::optional<int64_t> sub, const api::ApiError& error);

}  // namespace appliance::orchestrator::apiserver::live
