// Opens a link to the dashboard in the browser of the person who ran us. The link is a password for a minute, and every
// user of a machine can read the arguments of every program: so the browser is given a file that only that person can
// read, which leads on to the link. A process of its own writes it, waits until the link is worth nothing, removes it.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace appliance::cmd {

inline constexpr std::string_view kDashboardOpener = "--opener";  // `appliance dashboard --opener`: that process

// On a terminal, with a display (DISPLAY or WAYLAND_DISPLAY).
bool has_desktop();

// Starts the opener and goes on. kNotFound: no xdg-open in $PATH.
Result<> open_in_browser(const std::string& url);

// The opener itself: the link on standard input; becomes the person (SUDO_UID), writes, opens, waits, removes.
int dashboard_opener();

// The page that leads on. Pure.
std::string leading_page(std::string_view url);

}  // namespace appliance::cmd
