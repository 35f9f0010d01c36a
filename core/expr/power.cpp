// SPDX-License-Identifier: Apache-2.0
// x ** y by repeated squaring of the mantissa, as the reference does: its last digit is not always the C library's.
#include <array>
#include <cmath>
#include <limits>
#include <numbers>

#include "core/expr/evaluate.hpp"

namespace kdeps::expr {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kTooLargeForInt = 9223372036854775808.0;

bool is_odd(double x) {
    if (std::fabs(x) >= 9007199254740992.0) {
        return false;  // every double from 2^53 on is even
    }
    double whole = 0;
    return std::modf(x, &whole) == 0 && (static_cast<std::int64_t>(whole) & 1) == 1;
}

// exp and log of the reference, which differ from the C library's in the last digit: a Taylor series on an argument
// reduced by ln 2 and 16 (N. Shibata, "Efficient evaluation methods of elementary functions suitable for SIMD
// computation", 2010), and the logarithm of FreeBSD's e_log.c.
double exponential(double x) {
    constexpr std::array<double, 8> kTerms = {2.4801587301587301587e-5,
                                              1.9841269841269841270e-4,
                                              1.3888888888888888889e-3,
                                              8.3333333333333333333e-3,
                                              4.1666666666666666667e-2,
                                              1.6666666666666666667e-1,
                                              0.5,
                                              1.0};
    const double twos = std::nearbyint(1.4426950408889634073599246810018920 * x);
    double rest = std::fma(-0.69314718055966295651160180568695068359375, twos, x);
    rest = std::fma(-0.28235290563031577122588448175013436025525412068e-12, twos, rest);
    rest *= 0.0625;
    double sum = kTerms[0];
    for (std::size_t i = 1; i < kTerms.size(); ++i) {
        sum = std::fma(sum, rest, kTerms[i]);
    }
    rest *= sum;
    for (int i = 0; i < 3; ++i) {
        rest *= rest + 2;
    }
    return std::ldexp(std::fma(rest, rest + 2, 1), static_cast<int>(twos));
}

double logarithm(double x) {
    int exponent = 0;
    double mantissa = std::frexp(x, &exponent);
    if (mantissa < std::numbers::sqrt2 / 2) {
        mantissa *= 2;
        --exponent;
    }
    const double f = mantissa - 1;
    const double k = exponent;
    const double s = f / (2 + f);
    const double s2 = s * s;
    const double s4 = s2 * s2;
    const double t1 =
        s2 * (6.666666666666735130e-01 +
              s4 * (2.857142874366239149e-01 + s4 * (1.818357216161805012e-01 + s4 * 1.479819860511658591e-01)));
    const double t2 = s4 * (3.999999999940941908e-01 + s4 * (2.222219843214978396e-01 + s4 * 1.531383769920937332e-01));
    const double half = 0.5 * f * f;
    return k * 6.93147180369123816490e-01 - ((half - (s * (half + (t1 + t2)) + k * 1.90821492927058770002e-10)) - f);
}

double power_of_zero(double x, double y) {
    if (y < 0) return is_odd(y) ? std::copysign(kInfinity, x) : kInfinity;
    return is_odd(y) ? x : 0;
}

double power_of_finite(double x, double y) {
    double whole = 0;
    double fraction = std::modf(std::fabs(y), &whole);
    if (fraction != 0 && x < 0) {
        return std::numeric_limits<double>::quiet_NaN();
    }
    if (whole >= kTooLargeForInt) {
        return x == -1 ? 1 : (std::fabs(x) < 1) == (y > 0) ? 0 : kInfinity;
    }
    // The result is mantissa * 2**exponent.
    double mantissa = 1;
    int exponent = 0;
    if (fraction != 0) {
        if (fraction > 0.5) {
            fraction -= 1;
            whole += 1;
        }
        mantissa = exponential(fraction * logarithm(x));
    }
    int square_exponent = 0;
    double square = std::frexp(x, &square_exponent);
    for (auto i = static_cast<std::uint64_t>(whole); i != 0; i >>= 1) {
        if (square_exponent < -(1 << 12) || square_exponent > (1 << 12)) {
            exponent += square_exponent;  // overflows or underflows whatever follows
            break;
        }
        if ((i & 1) == 1) {
            mantissa *= square;
            exponent += square_exponent;
        }
        square *= square;
        square_exponent *= 2;
        if (square < 0.5) {
            square += square;
            --square_exponent;
        }
    }
    if (y < 0) {
        mantissa = 1 / mantissa;
        exponent = -exponent;
    }
    return std::ldexp(mantissa, exponent);
}

}  // namespace

double power(double x, double y) {
    if (y == 0 || x == 1) return 1;
    if (y == 1) return x;
    if (std::isnan(x) || std::isnan(y)) return std::numeric_limits<double>::quiet_NaN();
    if (x == 0) return power_of_zero(x, y);
    if (std::isinf(y)) {
        return x == -1 ? 1 : (std::fabs(x) < 1) == (y > 0) ? 0 : kInfinity;
    }
    if (std::isinf(x)) {
        if (x < 0) return power_of_zero(1 / x, -y);
        return y < 0 ? 0 : kInfinity;
    }
    if (y == 0.5) return std::sqrt(x);
    if (y == -0.5) return 1 / std::sqrt(x);
    return power_of_finite(x, y);
}

}  // namespace kdeps::expr
