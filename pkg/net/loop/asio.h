// What is behind Loop: Asio. For the files of pkg/net only (tests/tidy checks): it costs two seconds per translation
// unit.
#pragma once

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>
#include <thread>
#include <vector>

#include "net/loop/loop.h"

namespace appliance::net {

namespace asio = boost::asio;
using ErrorCode = boost::system::error_code;
using Strand = asio::strand<asio::io_context::executor_type>;

struct Loop::Core {
  explicit Core(int threads_count) : context(threads_count), work(context.get_executor()) {}

  asio::io_context context;
  asio::executor_work_guard<asio::io_context::executor_type> work;
  std::atomic<bool> stopped{false};  // no handler runs any more, and none will
  std::vector<std::thread> threads;
};

}  // namespace appliance::net
