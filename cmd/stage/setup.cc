#include "stage/setup.h"

#include "stage/channel.h"

namespace appliance::stage {
namespace {

// The order is the security story. Sources are opened before the mount namespace is cut off from the host (a shared
// mount stays shared only so); nothing of the container runs before its own root is the only one; the filter comes last
// but exec.
constexpr Step kContainerSteps[] = {
    {"join cgroups", join_cgroups},     {"session", new_session},
    {"oom score", set_oom_score},       {"open volumes", open_sources},
    {"isolate mounts", isolate_mounts}, {"mount root", mount_root},
    {"mount proc", mount_proc},         {"mount dev", mount_dev},
    {"mount sys", mount_sys},           {"mount cgroups", mount_cgroups},
    {"mask paths", mask_paths},         {"mount volumes", bind_mounts},
    {"seal root", seal_root},           {"pivot root", pivot},
    {"terminal", open_terminal},        {"stdio", attach_stdio},
    {"rlimits", set_rlimits},           {"user", resolve_user},
    {"working directory", enter_cwd},   {"seal descriptors", seal_fds},
    {"seccomp", load_seccomp_early},    {"capabilities", limit_capabilities},
    {"become user", become_user},       {"no new privileges", no_new_privs},
    {"seccomp", load_seccomp_late},     {"exec", exec_program},
};

// The process is already in the container's namespaces (exec.cc).
constexpr Step kExecSteps[] = {
    {"session", new_session},
    {"terminal", open_terminal},
    {"stdio", attach_stdio},
    {"rlimits", set_rlimits},
    {"user", resolve_user},
    {"working directory", enter_cwd},
    {"seal descriptors", seal_fds},
    {"seccomp", load_seccomp_early},
    {"capabilities", limit_capabilities},
    {"become user", become_user},
    {"no new privileges", no_new_privs},
    {"seccomp", load_seccomp_late},
    {"exec", exec_program},
};

}  // namespace

void give_up(Setup& s, const char* step) {
  NoteMessage note;
  note.note = Note::kFailed;
  note.number = errno;
  Text<runtime::stage::kTextBytes> text;
  if (s.what.view().empty()) {
    text.add(step);
  } else {
    text.add(s.what.view());
  }
  if (errno != 0) text.add(": ").add(strerror(errno));
  copy_text(note.text, sizeof note.text, text.view());
  (void)send_note(s.channel, note, -1);  // without it the supervisor reports a process that died during set-up
  _exit(127);
}

void warn(Setup& s, std::string_view text) {
  NoteMessage note;
  note.note = Note::kWarning;
  copy_text(note.text, sizeof note.text, text);
  (void)send_note(s.channel, note, -1);  // a warning is worth no failure
}

void run_steps(Setup& s, const Step* steps, unsigned count) {
  for (unsigned i = 0; i < count; ++i) {
    s.what.clear();
    errno = 0;
    if (!steps[i].run(s)) give_up(s, steps[i].name);
  }
}

void run_container(Setup& s) {
  run_steps(s, kContainerSteps, sizeof kContainerSteps / sizeof kContainerSteps[0]);
  give_up(s, "exec");
}

void run_exec(Setup& s) {
  run_steps(s, kExecSteps, sizeof kExecSteps / sizeof kExecSteps[0]);
  give_up(s, "exec");
}

}  // namespace appliance::stage
