// What a reader of the live stream needs to redraw a run from one event, without asking for its status.
#pragma once
#include "model/advance.hpp"

namespace tenantry::model {

// 0..100 with one decimal; 100 only when nothing is left.
[[nodiscard]] double shown_progress(const Run& run);

// Gives each event of the change its view: the run, and the steps that the event is about, as they are in `after`,
// which is the run once the change is applied. Steps that changed without an event of their own are in the view of
// the last event. A change of no state (a line of a log) has no view.
void add_views(const Run& after, Change& change);

}  // namespace tenantry::model
