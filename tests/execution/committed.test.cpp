// What other threads see of a run, over random histories.
#include "execution/committed.hpp"

#include "model/simulation.hpp"
#include "support/catch.hpp"

using namespace tenantry;

TEST_CASE("a run that is updated by its changes is the run after them") {
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    std::shared_ptr<execution::Committed> committed;
    std::string wrong;
    const auto seen = [&](const model::Run& run, const model::Change& change) {
      if (!committed)
        committed = std::make_shared<execution::Committed>(run);
      else
        committed->update(run, std::span(&change, 1));
      const auto view = committed->view();
      if (view->steps != run.steps || view->spec != run.spec || view->head.state != run.head.state ||
          view->head.events != run.head.events)
        wrong = "after " + (change.events.empty() ? std::string("nothing") : change.events.back().type);
    };
    REQUIRE(model::test::simulate(seed, seen).empty());
    INFO("seed " << seed);
    REQUIRE(wrong == "");
  }
}

TEST_CASE("who looked keeps what was there, and looking again without a change is the same view") {
  std::shared_ptr<execution::Committed> committed;
  execution::RunView first;
  const auto seen = [&](const model::Run& run, const model::Change& change) {
    if (!committed) {
      committed = std::make_shared<execution::Committed>(run);
      first = committed->view();
      CHECK(committed->view() == first);
      return;
    }
    committed->update(run, std::span(&change, 1));
  };
  REQUIRE(model::test::simulate(7, seen).empty());
  REQUIRE(first != nullptr);
  CHECK(first->head.state == model::RunState::kQueued);
  CHECK(committed->view() != first);
  CHECK(committed->id() == first->spec->id);
  CHECK(committed->tenant() == first->spec->tenant);
}
