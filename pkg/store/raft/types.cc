#include "store/raft/types.h"

#include <algorithm>

namespace appliance::store::raft {
namespace {

void insert(std::vector<NodeId>& ids, NodeId id) {
  const auto at = std::ranges::lower_bound(ids, id);
  if (at == ids.end() || *at != id) ids.insert(at, id);
}

}  // namespace

bool Membership::is_voter(NodeId id) const { return std::ranges::binary_search(voters, id); }
bool Membership::is_learner(NodeId id) const { return std::ranges::binary_search(learners, id); }

Membership changed(Membership members, const MembershipChange& change) {
  switch (change.type) {
    case MembershipChange::Type::kAddLearner:
      if (!members.is_voter(change.id)) insert(members.learners, change.id);  // a voter is not taken its voice away
      break;
    case MembershipChange::Type::kAddVoter:
      std::erase(members.learners, change.id);
      insert(members.voters, change.id);
      break;
    case MembershipChange::Type::kRemove:
      std::erase(members.learners, change.id);
      std::erase(members.voters, change.id);
      break;
  }
  return members;
}

}  // namespace appliance::store::raft
