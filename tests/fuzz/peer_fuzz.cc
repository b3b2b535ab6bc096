// fuzz: sources=pkg/store/transport/message.cc pkg/base/error.cc
// Messages from other members. Input: one message. What is accepted says the same when it is written again.
#include <cstdint>
#include <cstdlib>

#include "store/transport/message.h"

using namespace appliance::store;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto message = transport::decode({reinterpret_cast<const char*>(data), size});
  if (!message) return 0;
  const std::string again = transport::encode(*message);
  const auto second = transport::decode(again);
  if (!second || transport::encode(*second) != again) std::abort();
  return 0;
}
