// Whose turn it is. Members that may have something to start stand in lanes, one for each pair of engine and ERP
// server, in the order of their turns: who was served goes to the end, who was passed over keeps the place. A lane that
// cannot move costs one look however many stand in it, and holds up nobody in another lane; between lanes that can
// move, the member goes first who has waited longest. Not thread-safe.
#pragma once
#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "model/state.hpp"

namespace tenantry::pace {

template <class Member>
class Turns {
 public:
  struct Lane {
    std::string engine;
    std::string server;
    model::WaitReason reason = model::WaitReason::kNone;  // the caller's note: why it did not move the last time

   private:
    friend class Turns;
    std::map<std::int64_t, Member*> members;  // by ticket
  };

  enum class At { kEnd, kFront };

  // At that end of the lane, unless it has a place already; one that stands aside goes back to it. True: it stood
  // aside. At the front: its turn is not over yet.
  bool join(Member* member, const std::string& engine, const std::string& server, At at = At::kEnd) {
    auto [found, fresh] = places_.try_emplace(member);
    auto& place = found->second;
    if (fresh) place = {at == At::kFront ? --front_ : ++end_, &lane(engine, server), {}};
    const bool aside = !place.aside.empty();
    if (fresh || aside) put(member, place);
    return aside;
  }

  // It has nothing to start.
  void leave(Member* member) {
    const auto found = places_.find(member);
    if (found == places_.end()) return;
    take_out(found->second);
    places_.erase(found);
  }

  // It has started something: to the end of its lane.
  void served(Member* member) {
    auto& place = places_.at(member);
    take_out(place);
    place.ticket = ++end_;
    put(member, place);
  }

  // Stands aside, keeping its ticket, until one of these names is called (or it joins by itself). Not empty; several
  // of its steps may wait for the same one.
  void step_aside(Member* member, std::vector<std::string> names) {
    auto& place = places_.at(member);
    take_out(place);
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    for (const auto& name : names) aside_[name].emplace(place.ticket, member);
    place.aside = std::move(names);
  }

  // Brings the one back who has stood aside for this name longest; nullptr: nobody does.
  Member* call(const std::string& name) {
    const auto found = aside_.find(name);
    if (found == aside_.end()) return nullptr;
    auto* member = found->second.begin()->second;
    put(member, places_.at(member));
    return member;
  }

  // Does it have a place, in its lane or aside?
  [[nodiscard]] bool contains(const Member* member) const { return places_.contains(const_cast<Member*>(member)); }
  [[nodiscard]] bool is_awaited(const std::string& name) const { return aside_.contains(name); }

  // Goes through the lanes once. `moves(lane)` says whether its first member may have a turn; `turn(member)` has to end
  // with leave, served or step_aside of that member. Costs as many looks as there are lanes and turns.
  template <class Moves, class Turn>
  void round(Moves moves, Turn turn) {
    auto next = heads_.begin();
    while (next != heads_.end()) {
      const auto here = *next;
      if (moves(*here.second)) turn(here.second->members.begin()->second);
      next = heads_.upper_bound(here);
    }
  }

  [[nodiscard]] bool has(Member* member) const { return places_.contains(member); }
  [[nodiscard]] std::size_t size() const { return places_.size(); }

 private:
  using Head = std::pair<std::int64_t, Lane*>;
  struct Place {
    std::int64_t ticket = 0;
    Lane* lane = nullptr;
    std::vector<std::string> aside;  // names; empty: in the lane
  };

  Lane& lane(const std::string& engine, const std::string& server) {
    auto [found, fresh] = lanes_.try_emplace({engine, server});
    if (fresh) {
      found->second.engine = engine;
      found->second.server = server;
    }
    return found->second;
  }

  void put(Member* member, Place& place) {
    take_out(place);
    auto& members = place.lane->members;
    if (!members.empty()) heads_.erase({members.begin()->first, place.lane});
    members.emplace(place.ticket, member);
    heads_.emplace(members.begin()->first, place.lane);
  }

  // From the lane, or from where it stands aside.
  void take_out(Place& place) {
    for (const auto& name : place.aside) {
      const auto found = aside_.find(name);
      found->second.erase(place.ticket);
      if (found->second.empty()) aside_.erase(found);
    }
    place.aside.clear();
    auto& members = place.lane->members;
    const auto found = members.find(place.ticket);
    if (found == members.end()) return;
    heads_.erase({members.begin()->first, place.lane});
    members.erase(found);
    if (!members.empty()) heads_.emplace(members.begin()->first, place.lane);
  }

  std::int64_t end_ = 0;  // the newest ticket there
  std::int64_t front_ = 0;
  std::unordered_map<Member*, Place> places_;
  std::map<std::pair<std::string, std::string>, Lane> lanes_;
  std::set<Head> heads_;  // of lanes that are not empty
  std::unordered_map<std::string, std::map<std::int64_t, Member*>> aside_;
};

}  // namespace tenantry::pace
