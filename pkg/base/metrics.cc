#include "base/metrics.h"

#include <cstdio>

namespace appliance::base {
namespace {

std::string number(double value) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.9g", value);
  return buffer;
}

std::string sample(std::string_view name, std::string_view labels, std::string_view extra = {}) {
  std::string out(name);
  if (!labels.empty() || !extra.empty()) {
    out += '{';
    out += labels;
    if (!labels.empty() && !extra.empty()) out += ',';
    out += extra;
    out += '}';
  }
  return out + ' ';
}

}  // namespace

void Histogram::observe(double seconds) {
  size_t i = 0;
  while (i < bounds_.size() && seconds > bounds_[i]) ++i;
  counts_[i].fetch_add(1, std::memory_order_relaxed);
  sum_nanos_.fetch_add(static_cast<uint64_t>(seconds * 1e9), std::memory_order_relaxed);
}

Metrics::Family& Metrics::family(std::string_view name, std::string_view help, const char* type) {
  auto& f = families_[std::string(name)];
  f.help = help;
  f.type = type;
  return f;
}

Counter& Metrics::counter(std::string_view name, std::string_view help, std::string_view labels) {
  const std::lock_guard lock(mutex_);
  auto& slot = family(name, help, "counter").counters[std::string(labels)];
  if (!slot) slot = std::make_unique<Counter>();
  return *slot;
}

Gauge& Metrics::gauge(std::string_view name, std::string_view help, std::string_view labels) {
  const std::lock_guard lock(mutex_);
  auto& slot = family(name, help, "gauge").gauges[std::string(labels)];
  if (!slot) slot = std::make_unique<Gauge>();
  return *slot;
}

Histogram& Metrics::histogram(std::string_view name, std::string_view help, std::vector<double> bounds,
                              std::string_view labels) {
  const std::lock_guard lock(mutex_);
  auto& slot = family(name, help, "histogram").histograms[std::string(labels)];
  if (!slot) slot = std::make_unique<Histogram>(std::move(bounds));
  return *slot;
}

std::string Metrics::expose() const {
  const std::lock_guard lock(mutex_);
  std::string out;
  for (const auto& [name, f] : families_) {
    out += "# HELP " + name + ' ' + f.help + "\n# TYPE " + name + ' ' + f.type + '\n';
    for (const auto& [labels, c] : f.counters) out += sample(name, labels) + std::to_string(c->value()) + '\n';
    for (const auto& [labels, g] : f.gauges) out += sample(name, labels) + std::to_string(g->value()) + '\n';
    for (const auto& [labels, h] : f.histograms) {
      uint64_t total = 0;
      for (size_t i = 0; i < h->bounds_.size(); ++i) {
        total += h->counts_[i].load(std::memory_order_relaxed);
        out += sample(name + "_bucket", labels, "le=\"" + number(h->bounds_[i]) + '"') + std::to_string(total) + '\n';
      }
      total += h->counts_.back().load(std::memory_order_relaxed);
      out += sample(name + "_bucket", labels, "le=\"+Inf\"") + std::to_string(total) + '\n';
      out += sample(name + "_sum", labels) +
             number(static_cast<double>(h->sum_nanos_.load(std::memory_order_relaxed)) / 1e9) + '\n';
      out += sample(name + "_count", labels) + std::to_string(total) + '\n';
    }
  }
  return out;
}

}  // namespace appliance::base
