#include "orchestrator/kubelet/log_lines.h"

namespace appliance::orchestrator::kubelet {

std::optional<LogLine> parse_log_line(std::string_view line) {
  LogLine out;
  const auto first = line.find(' ');
  if (first == std::string_view::npos) return std::nullopt;
  const auto second = line.find(' ', first + 1);
  if (second == std::string_view::npos || second + 1 >= line.size()) return std::nullopt;
  out.time = line.substr(0, first);
  out.stream = line.substr(first + 1, second - first - 1);
  const char tag = line[second + 1];
  if (tag != 'P' && tag != 'F') return std::nullopt;
  out.partial = tag == 'P';
  out.content = second + 3 <= line.size() ? line.substr(second + 3) : std::string_view();
  return out;
}

std::string LogFilter::take(std::string_view frame) {
  const auto line = parse_log_line(frame);
  if (!line) return {};
  if (options_.since) {
    const auto time = base::parse_rfc3339(line->time);
    if (time && *time < *options_.since) return {};
  }
  std::string out;
  if (options_.timestamps && !inside_) out = std::string(line->time) + ' ';
  out += line->content;
  if (!line->partial) out += '\n';
  inside_ = line->partial;
  if (left_) {
    if (static_cast<int64_t>(out.size()) > *left_) out.resize(static_cast<size_t>(std::max<int64_t>(0, *left_)));
    *left_ -= static_cast<int64_t>(out.size());
  }
  return out;
}

}  // namespace appliance::orchestrator::kubelet
