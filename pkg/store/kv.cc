#include "store/kv.h"

#include <future>

namespace appliance::store {

std::string prefix_end(std::string prefix) {
  while (!prefix.empty() && prefix.back() == '\xff') prefix.pop_back();
  if (prefix.empty()) return std::string(1, '\0');
  ++prefix.back();
  return prefix;
}

namespace {

template <class Response, class Start>
Result<Response> wait_for(Start start) {
  // Shared with the callback: get() may return while set_value() is still at work.
  auto promise = std::make_shared<std::promise<Result<Response>>>();
  auto future = promise->get_future();
  start([promise](Result<Response> result) { promise->set_value(std::move(result)); });
  return future.get();
}

}  // namespace

Result<RangeResponse> range_wait(Kv& kv, RangeRequest request) {
  return wait_for<RangeResponse>([&](Callback<RangeResponse> done) { kv.range(std::move(request), std::move(done)); });
}

Result<TxnResponse> txn_wait(Kv& kv, TxnRequest request) {
  return wait_for<TxnResponse>([&](Callback<TxnResponse> done) { kv.txn(std::move(request), std::move(done)); });
}

}  // namespace appliance::store
