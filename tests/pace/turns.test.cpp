#include "pace/turns.hpp"

#include <array>
#include <functional>
#include <string>

#include "support/catch.hpp"

using tenantry::model::WaitReason;

namespace {

struct One {
  char name;
  int left = 1;  // things to start
};
using Turns = tenantry::pace::Turns<One>;

// Carries out one round in which `room` things may be started on each server, and says whose turns there were.
std::string round(Turns& turns, std::map<std::string, int> room) {
  std::string said;
  turns.round([&](Turns::Lane& lane) { return room[lane.server] > 0; },
              [&](One* one) {
                said += one->name;
                for (auto& [server, left] : room) left -= 1;  // one host
                --one->left > 0 ? turns.served(one) : turns.leave(one);
              });
  return said;
}

}  // namespace

TEST_CASE("who was served goes to the end, who was passed over keeps the place") {
  Turns turns;
  std::array<One, 3> all{One{'a', 3}, One{'b', 1}, One{'c', 2}};
  for (auto& one : all) turns.join(&one, "e", "s");
  CHECK(round(turns, {{"s", 2}}) == "ab");
  CHECK(round(turns, {{"s", 2}}) == "ca");
  CHECK(round(turns, {{"s", 9}}) == "ca");
  CHECK(turns.size() == 0);
}

TEST_CASE("joining again does not cost or gain a place") {
  Turns turns;
  One a{'a'};
  One b{'b'};
  turns.join(&a, "e", "s");
  turns.join(&b, "e", "s");
  turns.join(&a, "e", "s");
  turns.join(&b, "e", "s");
  CHECK(round(turns, {{"s", 1}}) == "a");
  turns.join(&a, "e", "s");
  CHECK(round(turns, {{"s", 1}}) == "b");
}

TEST_CASE("a full server holds up nobody elsewhere, and its first is the first again when there is room") {
  Turns turns;
  std::array<One, 6> all{One{'a'}, One{'b'}, One{'c'}, One{'d'}, One{'e'}, One{'f'}};
  turns.join(&all[0], "e", "full");
  turns.join(&all[1], "e", "free");
  turns.join(&all[2], "e", "full");
  turns.join(&all[3], "other", "full");
  turns.join(&all[4], "e", "free");
  CHECK(round(turns, {{"full", 0}, {"free", 9}}) == "be");
  turns.join(&all[5], "e", "free");
  CHECK(round(turns, {{"full", 9}, {"free", 9}}) == "acdf");  // across lanes: who has waited longest
}

TEST_CASE("a lane that cannot move costs one look, however many stand in it") {
  Turns turns;
  std::vector<One> many(1'000, One{'m'});
  for (auto& one : many) turns.join(&one, "e", "full");
  One other{'o'};
  turns.join(&other, "e", "free");
  int looks = 0;
  int served = 0;
  turns.round(
      [&](Turns::Lane& lane) {
        ++looks;
        return lane.server == "free";
      },
      [&](One* one) {
        ++served;
        turns.leave(one);
      });
  CHECK(looks == 2);
  CHECK(served == 1);
}

TEST_CASE("who stands aside is called in order, back to the old place") {
  Turns turns;
  std::array<One, 4> all{One{'a'}, One{'b'}, One{'c'}, One{'d'}};
  for (auto& one : all) turns.join(&one, "e", "s");
  std::string tried;
  turns.round([](Turns::Lane&) { return true; },
              [&](One* one) {
                tried += one->name;
                one->name == 'd' ? turns.leave(one) : turns.step_aside(one, {"x", "y"});
              });
  CHECK(tried == "abcd");
  CHECK(round(turns, {{"s", 9}}) == "");
  turns.join(&all[3], "e", "s");
  CHECK(turns.call("z") == nullptr);
  CHECK(turns.call("y") == &all[0]);
  CHECK(turns.call("x") == &all[1]);  // the first was called already, by another name
  CHECK(round(turns, {{"s", 9}}) == "abd");
  CHECK(turns.is_awaited("x"));

  SECTION("joining by itself") {
    CHECK(turns.join(&all[2], "e", "s"));
    CHECK_FALSE(turns.join(&all[2], "e", "s"));
    CHECK(round(turns, {{"s", 9}}) == "c");
  }
  SECTION("leaving") { turns.leave(&all[2]); }
  CHECK_FALSE(turns.is_awaited("x"));
  CHECK(turns.call("x") == nullptr);
  CHECK(turns.size() == 0);
}

TEST_CASE("who stands aside for the same name several times is called once, and may leave") {
  Turns turns;
  std::array<One, 2> all{One{'a'}, One{'b'}};
  for (auto& one : all) turns.join(&one, "e", "s");
  turns.round([](Turns::Lane&) { return true; }, [&](One* one) { turns.step_aside(one, {"x", "y", "x"}); });
  CHECK(turns.call("x") == &all[0]);
  turns.leave(&all[1]);
  CHECK_FALSE(turns.is_awaited("x"));
  CHECK_FALSE(turns.is_awaited("y"));
  CHECK(round(turns, {{"s", 9}}) == "a");
}

TEST_CASE("a lane whose first leaves goes on with the second") {
  Turns turns;
  std::array<One, 3> all{One{'a'}, One{'b'}, One{'c'}};
  turns.join(&all[0], "e", "s");
  turns.join(&all[1], "e", "t");
  turns.join(&all[2], "e", "s");
  turns.leave(&all[0]);
  turns.leave(&all[0]);
  CHECK(round(turns, {{"s", 9}, {"t", 9}}) == "bc");
}

TEST_CASE("whose turn is not over goes before everybody, and to the end with the next one") {
  Turns turns;
  std::array<One, 4> all{One{'a'}, One{'b'}, One{'c'}, One{'d'}};
  turns.join(&all[0], "e", "s");
  turns.join(&all[1], "e", "t");
  turns.join(&all[2], "e", "s", Turns::At::kFront);
  turns.join(&all[1], "e", "t", Turns::At::kFront);  // has its place
  turns.join(&all[3], "e", "t", Turns::At::kFront);
  CHECK(round(turns, {{"s", 2}, {"t", 2}}) == "dc");
  turns.join(&all[2], "e", "s");
  CHECK(round(turns, {{"s", 9}, {"t", 9}}) == "abc");
}
