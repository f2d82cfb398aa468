// A logarithm and an exponential that have the same last bit on every machine.
#pragma once

namespace cotenant {

/// ln(x) for finite x > 0, within 1 ulp of the true value. Built from IEEE additions,
/// multiplications and divisions only, so every machine that compiles without contraction
/// (-ffp-contract=off) agrees on every bit. libm's logarithm differs between C libraries, and with
/// it would the arrival times.
double portable_log(double x);

/// e^x for |x| < 700, within 4 ulp of the true value; as portable_log, the same everywhere.
double portable_exp(double x);

} // namespace cotenant
