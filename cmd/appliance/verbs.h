// The verbs. One file each; main.cc has the table.
#pragma once

#include "cmd/appliance/args.h"

namespace appliance::cmd {

int up(Argv argv);
int server(Argv argv);
int down(Argv argv);
int status(Argv argv);
int uninstall(Argv argv);
int check(Argv argv);
int version(Argv argv);
int completion(Argv argv);
int get(Argv argv);
int apply(Argv argv);
int remove(Argv argv);  // delete
int logs(Argv argv);
int exec(Argv argv);
int image(Argv argv);
int store(Argv argv);
int token(Argv argv);
int join(Argv argv);
int leave(Argv argv);
int dev(Argv argv);
int dashboard(Argv argv);
int dev_fixture(Argv argv);
int demo_server(Argv argv);  // what the image of the binary runs
int init(Argv argv);         // what a kernel that boots from this binary runs

struct Verb {
  const char* name;
  const char* summary;
  int (*run)(Argv);  // null: in the contract, not yet there
  bool hidden = false;
};
std::span<const Verb> verbs();

}  // namespace appliance::cmd
