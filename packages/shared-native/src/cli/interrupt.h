// A user's wish to stop.
#pragma once

namespace cotenant {

/// From now on SIGINT and SIGTERM are taken as the wish to stop in order.
void catch_interrupts();

/// Somebody has asked to stop.
bool interrupted();

} // namespace cotenant
