// Working in another network namespace without ever moving the caller's thread.
//
//   auto ns = TRY(open_netns("/run/appliance/pods/ns-1"));
//   TRY(in_netns(ns.get(), [&]() -> Result<> { ... }));
#pragma once

#include <functional>
#include <string>

#include "base/error.h"
#include "base/fd.h"

namespace appliance::net::netlink {

Result<base::Fd> open_netns(const std::string& path);
// Runs `work` in a new thread that has entered the namespace and ends with the work; blocks until it is done.
Result<> in_netns(int netns_fd, const std::function<Result<>()>& work);
// A new, empty namespace; it lives as long as the descriptor (or a mount or process) refers to it.
Result<base::Fd> make_netns();
// As make_netns(), and bound to `path` (an empty file is made there).
Result<base::Fd> make_named_netns(const std::string& path);
Result<> remove_named_netns(const std::string& path);  // unmount and unlink; absent is fine

}  // namespace appliance::net::netlink
