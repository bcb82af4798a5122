#include "store/sample.hpp"

#include <sstream>

#include "support/catch.hpp"

namespace tenantry::testing {
namespace {

std::string show(base::Time time) { return std::to_string(base::to_millis(time)); }

std::string show(const model::SharedText& text) { return text ? "'" + *text + "'" : "none"; }

std::string show(const std::optional<model::Failure>& failure) {
  if (!failure) return "none";
  return std::string(model::row(failure->cause).word) + "|" + failure->code + "|" + failure->message + "|" +
         failure->next_action + "|" + failure->detail;
}

}  // namespace

model::ManifestPtr sample_manifest(const std::string& name, std::size_t steps) {
  auto manifest = std::make_shared<model::Manifest>();
  manifest->engine = base::EngineId(name);
  manifest->version = "1.0.0";
  manifest->digest = "digest-of-" + name;
  manifest->text = name + " " + std::to_string(steps);
  for (std::size_t i = 0; i < steps; ++i) {
    model::StepSpec step;
    step.id = "step_" + std::to_string(i);
    manifest->steps.push_back(std::move(step));
  }
  return manifest;
}

base::Result<model::ManifestPtr> read_sample_manifest(const std::string& text) {
  std::istringstream in(text);
  std::string name;
  std::size_t steps = 0;
  if (!(in >> name >> steps)) return base::invalid("manifest.invalid", "not a sample manifest");
  return sample_manifest(name, steps);
}

model::Account sample_account(const std::string& name) {
  return {base::AccountId("acc_" + name), name + "@example.org", "Name of " + name,
          model::AccountRole::kUser,      "$argon2id$" + name,   base::Time{base::Millis{12'345}}};
}

model::Tenant sample_tenant(const std::string& name, const base::AccountId& owner) {
  model::Tenant tenant;
  tenant.id = base::TenantId("ten_" + name);
  tenant.owner = owner;
  tenant.name = name;
  tenant.engine = base::EngineId("erpnext");
  tenant.server = base::ServerId("server-1");
  tenant.country_code = "KE";
  tenant.admin_name = "Wanjikũ";
  tenant.admin_email = "admin@" + name + ".example";
  tenant.category = "retail";
  tenant.description = "a shop";
  tenant.labels = R"({"tier":"gold"})";
  tenant.created_at = base::Time{base::Millis{1'000}};
  return tenant;
}

Started sample_run(const std::string& id, const base::TenantId& tenant, const model::ManifestPtr& manifest,
                   base::Time created_at) {
  auto spec = std::make_shared<model::RunSpec>();
  spec->id = base::RunId(id);
  spec->tenant = tenant;
  spec->manifest = manifest;
  spec->server = base::ServerId("server-1");
  spec->request = R"({"company":"Acme"})";
  spec->tenant_document = R"({"id":")" + tenant.value + "\"}";
  spec->server_document = R"({"url":"http://erp.example"})";
  spec->created_at = created_at;
  Started started;
  started.run.spec = spec;
  started.run.head.events = 1;
  started.run.steps.resize(manifest->steps.size());
  started.change.head = started.run.head;
  started.change.events.push_back({1, "", "run.started", "{}", created_at});
  started.change.operation = model::Operation{
      base::OperationId("op_" + id), tenant, spec->id, model::Verb::kStart, "", "host", "", "{}", created_at};
  return started;
}

model::Change next_event(model::Run& run, const std::string& type) {
  model::Change change;
  change.events.push_back({++run.head.events, "", type, "{}", base::Time{}});
  change.head = run.head;
  return change;
}

model::Change set_state(model::Run& run, model::RunState state) {
  run.head.state = state;
  return next_event(run, "run." + std::string(model::word(state)));
}

std::int64_t Dice::number(std::int64_t from, std::int64_t to) {
  return std::uniform_int_distribution<std::int64_t>(from, to)(engine_);
}

std::string Dice::text() {
  static const std::vector<std::string> kPieces{"a",  "Z", " ", "'",    "\"", "%",  "_",      ":name", "\\", "\n",
                                                "{}", "é", "ß", "Ω",    "ж",  "漢", "字",     "🙂",  "\t", ";",
                                                "--", "ﷺ", "𐍈", "\x7f", "0",  "}",  "select", "null",  "!'"};
  std::string text;
  for (auto left = number(0, 20); left > 0; --left)
    text += kPieces[static_cast<std::size_t>(number(0, static_cast<std::int64_t>(kPieces.size()) - 1))];
  return text;
}

std::string Dice::bytes() {
  std::string bytes;
  for (auto left = number(0, 40); left > 0; --left) bytes += static_cast<char>(number(0, 255));
  return bytes;
}

base::Time Dice::time() { return base::from_millis(number(0, 4'102'444'800'000)); }

std::optional<model::Failure> Dice::failure() {
  if (coin()) return std::nullopt;
  return model::Failure{static_cast<model::FailureClass>(number(0, 13)), text(), text(), text(), text()};
}

model::StepRun Dice::step() {
  model::StepRun step;
  step.state = static_cast<model::StepState>(number(0, 9));
  step.wait_reason = static_cast<model::WaitReason>(number(0, 7));
  step.due_at = time();
  step.attempt = static_cast<int>(number(0, 1'000));
  step.attempts = number(0, 1'000'000'000'000);
  step.in_flight = coin();
  step.op = static_cast<model::Op>(number(1, 5));
  step.check_due = coin();
  step.check_tries = static_cast<int>(number(0, 9));
  step.blame = static_cast<int>(number(0, 9));
  step.waited = base::Millis{number(0, 1'000'000'000'000)};
  step.called_at = time();
  step.first_started_at = time();
  step.started_at = time();
  step.completed_at = time();
  step.progress = static_cast<int>(number(0, 1'000));
  step.message = text();
  if (coin()) step.output = std::make_shared<const std::string>(text());
  if (coin()) step.checkpoint = std::make_shared<const std::string>(bytes());
  step.failure = failure();
  step.made = static_cast<model::Maker>(number(0, 2));
  step.undo = static_cast<model::Undo>(number(0, 4));
  if (coin()) step.drift = std::make_shared<const std::string>(text());
  return step;
}

model::Attempt Dice::attempt(std::size_t step, std::int64_t number_of_attempt) {
  model::Attempt attempt;
  attempt.step = step;
  attempt.number = number_of_attempt;
  attempt.epoch = static_cast<int>(number(1, 100));
  attempt.op = static_cast<model::Op>(number(1, 5));
  attempt.outcome = static_cast<model::Outcome>(number(0, 9));
  attempt.failure = failure();
  attempt.started_at = time();
  attempt.ended_at = time();
  return attempt;
}

model::Event Dice::event(std::int64_t number_of_event) {
  return {number_of_event, text(), text(), text(), time(), text()};
}

model::Operation Dice::operation(const model::Run& run) {
  return {base::OperationId("op_" + std::to_string(number(1, 1'000'000'000'000))),
          run.spec->tenant,
          run.spec->id,
          static_cast<model::Verb>(number(0, 12)),
          text(),
          text(),
          text(),
          text(),
          time()};
}

std::string show(const model::Run& run) {
  const auto& spec = *run.spec;
  const auto& head = run.head;
  std::ostringstream out;
  out << spec.id.value << ' ' << spec.tenant.value << ' ' << spec.manifest->digest << ' ' << spec.manifest->text << ' '
      << spec.server.value << '|' << spec.request << '|' << spec.tenant_document << '|' << spec.server_document << '|'
      << show(spec.created_at) << "\nhead " << model::word(head.state) << ' ' << head.epoch << ' ' << head.stopping
      << ' ' << head.verifying << ' ' << head.removing << ' ' << model::word(head.condition) << ' ' << head.events
      << ' ' << show(head.started_at) << ' ' << show(head.completed_at) << '\n';
  for (const auto& s : run.steps)
    out << "step " << model::word(s.state) << " [" << model::word(s.wait_reason) << "] due " << show(s.due_at) << ' '
        << s.attempt << ' ' << s.attempts << ' ' << s.in_flight << ' ' << model::word(s.op) << ' ' << s.check_due << ' '
        << s.check_tries << ' ' << s.blame << ' ' << s.waited.count() << " at " << show(s.called_at) << ' '
        << show(s.first_started_at) << ' ' << show(s.started_at) << ' ' << show(s.completed_at) << ' ' << s.progress
        << " message '" << s.message << "' output " << show(s.output) << " checkpoint " << show(s.checkpoint)
        << " failure " << show(s.failure) << " made " << model::word(s.made) << " undo " << model::word(s.undo)
        << " drift " << show(s.drift) << '\n';
  return out.str();
}

std::string show(const model::Attempt& a) {
  std::ostringstream out;
  out << a.step << ' ' << a.number << ' ' << a.epoch << ' ' << model::word(a.op) << ' ' << model::word(a.outcome) << ' '
      << show(a.failure) << ' ' << show(a.started_at) << ' ' << show(a.ended_at);
  return out.str();
}

std::string show(const model::Event& e) {
  return std::to_string(e.number) + "|" + e.step + "|" + e.type + "|" + e.data + "|" + show(e.at) + "|" + e.view;
}

std::string show(const model::Operation& o) {
  return o.id.value + "|" + o.tenant.value + "|" + o.run.value + "|" + std::string(model::word(o.verb)) + "|" + o.step +
         "|" + o.actor + "|" + o.reason + "|" + o.scope + "|" + show(o.created_at);
}

std::string show(const model::Tenant& t) {
  return t.id.value + "|" + t.owner.value + "|" + t.name + "|" + t.engine.value + "|" + t.server.value + "|" +
         t.country_code + "|" + t.admin_name + "|" + t.admin_email + "|" + t.category + "|" + t.description + "|" +
         t.labels + "|" + show(t.created_at);
}

std::string show(const model::Account& a) {
  return a.id.value + "|" + a.email + "|" + a.name + "|" + std::string(model::word(a.role)) + "|" + a.password_hash +
         "|" + show(a.created_at);
}

Bench::Bench(store::Store& store, int tenants) : store_(store) {
  const auto owner = sample_account("owner");
  REQUIRE(store_.create_account(owner).has_value());
  for (int i = 0; i < tenants; ++i)
    REQUIRE(store_.create_tenant(sample_tenant("tenant-" + std::to_string(i), owner.id), {}).has_value());
}

base::TenantId Bench::tenant(int index) const { return base::TenantId("ten_tenant-" + std::to_string(index)); }

store::Written Bench::create(const model::Run& run, const model::Change& change, const store::HostLife& self,
                             base::Time lease_until, std::int64_t token) {
  const store::RunWrite write{&run, &change, token, true};
  const auto written = store_.write({&write, 1}, self, lease_until);
  if (!written.has_value()) FAIL(written.error().message);
  return written->front();
}

store::Written Bench::write(const model::Run& run, const model::Change& change, const store::HostLife& self,
                            base::Time lease_until, std::int64_t token) {
  const store::RunWrite write{&run, &change, token, false};
  const auto written = store_.write({&write, 1}, self, lease_until);
  if (!written.has_value()) FAIL(written.error().message);
  return written->front();
}

}  // namespace tenantry::testing
