// That what is written is what is read: every field, any bytes, also after a restart.
#pragma once
#include "store/contract/contract.hpp"

STORE_CHECK("a run is read back with every field, at once and after a restart") {
  STORE_BACKEND backend;
  Bench bench(backend.store(), 1);
  Dice dice(GENERATE(1U, 2U, 3U, 4U, 5U, 6U, 7U, 8U, 9U, 10U));
  const auto manifest = sample_manifest("engine", 5);
  auto [run, change] = sample_run("run_1", bench.tenant(0), manifest, dice.time());
  auto spec = std::make_shared<model::RunSpec>(*run.spec);
  spec->server = base::ServerId(dice.text());
  spec->request = dice.text();
  spec->tenant_document = dice.text();
  spec->server_document = dice.text();
  run.spec = spec;
  run.head = {static_cast<model::RunState>(dice.number(0, 10)),
              static_cast<int>(dice.number(1, 99)),
              dice.coin(),
              dice.coin(),
              dice.coin(),
              static_cast<model::Condition>(dice.number(0, 2)),
              3,
              dice.time(),
              dice.time()};
  for (auto& step : run.steps) step = dice.step();
  change.head = run.head;
  change.events = {dice.event(1), dice.event(2), dice.event(3)};
  change.attempts = {dice.attempt(0, 1), dice.attempt(0, 2), dice.attempt(4, 1)};
  change.operation = dice.operation(run);
  REQUIRE(bench.create(run, change, kHere, at(10'000)) == Written::kDone);

  for (const bool restarted : {false, true}) {
    CAPTURE(restarted);
    if (restarted) backend.reopen();
    auto& store = backend.store();
    CHECK(show(*got(store.run(run.spec->id))) == show(run));
    const auto attempts = got(store.attempts(run.spec->id));
    REQUIRE(attempts.size() == 3);
    for (std::size_t i = 0; i < 3; ++i) CHECK(show(attempts[i]) == show(change.attempts[i]));
    const auto events = got(store.run_events(run.spec->id, 0, 10));
    REQUIRE(events.size() == 3);
    for (std::size_t i = 0; i < 3; ++i) {
      CHECK(show(events[i].event) == show(change.events[i]));
      CHECK(events[i].run == run.spec->id);
      CHECK(events[i].tenant == run.spec->tenant);
    }
    CHECK(show(*got(store.operation(change.operation->id))) == show(*change.operation));
  }
}

STORE_CHECK("a change replaces the head and the steps it names, and no other step") {
  STORE_BACKEND backend;
  Bench bench(backend.store(), 1);
  Dice dice(GENERATE(11U, 12U, 13U, 14U, 15U));
  auto [run, created] = sample_run("run_1", bench.tenant(0), sample_manifest("engine", 6));
  for (auto& step : run.steps) step = dice.step();
  REQUIRE(bench.create(run, created, kHere, at(10'000)) == Written::kDone);

  for (int round = 0; round < 5; ++round) {
    auto change = next_event(run, "step.changed");
    run.head.epoch = static_cast<int>(dice.number(1, 9));
    run.head.stopping = dice.coin();
    run.head.state = dice.coin() ? model::RunState::kRunning : model::RunState::kPaused;
    run.head.started_at = dice.time();
    run.head.completed_at = dice.time();
    change.head = run.head;
    for (const std::size_t index : {1U, 4U}) {
      run.steps[index] = dice.step();
      change.steps.emplace_back(index, run.steps[index]);
    }
    change.attempts.push_back(dice.attempt(1, round + 1));
    REQUIRE(bench.write(run, change, kHere, at(10'000)) == Written::kDone);
    CHECK(show(*got(backend.store().run(run.spec->id))) == show(run));
  }
  backend.reopen();
  CHECK(show(*got(backend.store().run(run.spec->id))) == show(run));
  CHECK(got(backend.store().attempts(run.spec->id)).size() == 5);
}

STORE_CHECK("large values and arbitrary bytes come back unchanged") {
  STORE_BACKEND backend;
  Bench bench(backend.store(), 1);
  auto [run, created] = sample_run("run_1", bench.tenant(0), sample_manifest("engine", 2));
  std::string output = "\"";
  while (output.size() < (1U << 20U)) output += "Größe 漢字 🙂 ";
  output += "\"";
  std::string checkpoint;
  for (std::size_t i = 0; i < (1U << 18U); ++i) checkpoint += static_cast<char>(i * 7U % 256U);
  run.steps[0].output = std::make_shared<const std::string>(output);
  run.steps[1].checkpoint = std::make_shared<const std::string>(checkpoint);
  REQUIRE(bench.create(run, created, kHere, at(10'000)) == Written::kDone);

  std::string sealed;
  for (int i = 0; i < 1'000; ++i) sealed += static_cast<char>(i % 256);
  done(backend.store().put_secret(bench.tenant(0), {"admin_password", sealed}));

  backend.reopen();
  const auto read = *got(backend.store().run(run.spec->id));
  CHECK((*read.steps[0].output == output));
  CHECK((*read.steps[1].checkpoint == checkpoint));
  CHECK((got(backend.store().secret(bench.tenant(0), "admin_password")) == sealed));
}

STORE_CHECK("an empty text is not the same as none") {
  STORE_BACKEND backend;
  Bench bench(backend.store(), 1);
  auto [run, created] = sample_run("run_1", bench.tenant(0), sample_manifest("engine", 2));
  run.steps[0].output = std::make_shared<const std::string>();
  run.steps[1].checkpoint = std::make_shared<const std::string>();
  REQUIRE(bench.create(run, created, kHere, at(10'000)) == Written::kDone);
  auto read = *got(backend.store().run(run.spec->id));
  CHECK(read.steps[0].output != nullptr);
  CHECK(read.steps[0].checkpoint == nullptr);
  CHECK(read.steps[1].output == nullptr);
  CHECK(read.steps[1].checkpoint != nullptr);

  run.steps[0].output = nullptr;
  auto change = next_event(run, "cleared");
  change.steps.emplace_back(0, run.steps[0]);
  REQUIRE(bench.write(run, change, kHere, at(10'000)) == Written::kDone);
  read = *got(backend.store().run(run.spec->id));
  CHECK(read.steps[0].output == nullptr);
}

STORE_CHECK("what is not there is nothing, not an error") {
  STORE_BACKEND backend;
  auto& store = backend.store();
  CHECK_FALSE(got(store.run(base::RunId("run_x"))).has_value());
  CHECK_FALSE(got(store.newest_run(base::TenantId("ten_x"))).has_value());
  CHECK_FALSE(got(store.operation(base::OperationId("op_x"))).has_value());
  CHECK_FALSE(got(store.tenant(base::TenantId("ten_x"))).has_value());
  CHECK_FALSE(got(store.account(base::AccountId("acc_x"))).has_value());
  CHECK_FALSE(got(store.account_by_email("x@example.org")).has_value());
  CHECK_FALSE(got(store.token("hash", at(0))).has_value());
  CHECK_FALSE(got(store.secret(base::TenantId("ten_x"), "name")).has_value());
  CHECK_FALSE(got(store.role(base::TenantId("ten_x"), base::AccountId("acc_x"))).has_value());
  CHECK(got(store.attempts(base::RunId("run_x"))).empty());
  CHECK(got(store.run_events(base::RunId("run_x"), 0, 10)).empty());
  CHECK(got(store.tenant_events(base::TenantId("ten_x"), 10)).empty());
  CHECK(got(store.tenants({})).empty());
  CHECK(got(store.tenants_on(base::ServerId("server-x"))) == 0);
  CHECK(got(store.claim_runs(kHere, at(1'000), at(2'000), 10)).empty());
  CHECK(got(store.write({}, kHere, at(1'000))).empty());
  done(store.delete_token("hash"));
  done(store.release_runs(kHere));
  done(store.ping());
}

STORE_CHECK("runs of one manifest share it, also after a restart") {
  STORE_BACKEND backend;
  Bench bench(backend.store(), 3);
  for (int i = 0; i < 3; ++i) {
    const auto manifest = sample_manifest(i == 2 ? "other" : "engine", i == 2 ? 4 : 2);
    const auto [run, created] = sample_run("run_" + std::to_string(i), bench.tenant(i), manifest);
    REQUIRE(bench.create(run, created, kHere, at(10'000)) == Written::kDone);
  }
  backend.reopen();
  const auto first = *got(backend.store().run(base::RunId("run_0")));
  const auto second = *got(backend.store().run(base::RunId("run_1")));
  const auto third = *got(backend.store().run(base::RunId("run_2")));
  CHECK(first.spec->manifest == second.spec->manifest);
  CHECK(first.spec->manifest != third.spec->manifest);
  CHECK(third.steps.size() == 4);
}

STORE_CHECK("a run whose manifest cannot be read does not keep the others from being recovered") {
  STORE_BACKEND backend;
  Bench bench(backend.store(), 2);
  for (int i = 0; i < 2; ++i) {
    const auto manifest = sample_manifest(i == 0 ? "broken" : "engine", 2);
    const auto [run, created] = sample_run("run_" + std::to_string(i), bench.tenant(i), manifest, at(100 + i));
    REQUIRE(bench.create(run, created, kHere, at(10'000)) == Written::kDone);
  }
  backend.reopen([](const std::string& text) -> base::Result<model::ManifestPtr> {
    if (text.starts_with("broken")) return base::invalid("manifest.invalid", "no longer understood");
    return read_sample_manifest(text);
  });
  auto& store = backend.store();
  CHECK(ids_of(got(store.claim_runs(kHereLater, at(1'000), at(10'000), 10))) == Names{"run_1"});
  const auto read = store.run(base::RunId("run_0"));
  REQUIRE(read.has_error());
  CHECK(read.error().code == "store.corrupt");
  CHECK(read.error().message.find("no longer understood") != std::string::npos);
  CHECK(got(store.run(base::RunId("run_1"))).has_value());
  done(store.ping());
}
