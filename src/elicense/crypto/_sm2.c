/*
 * SM2 (GB/T 32918) on the curve of GB/T 32918.5, as a CPython extension under
 * the stable ABI. The Python side is elicense/crypto/sm2.py; _sm2_py.py is the
 * same engine in Python and the better place to read the method first.
 *
 * Two kinds of point arithmetic live here:
 *   - "public": Jacobian coordinates, wNAF, branches on the data. Verification only.
 *   - "secret": homogeneous coordinates, the complete formulas of Renes, Costello
 *     and Batina (2016) for a = -3, every table read in full. Signing, key
 *     generation and decryption: neither a branch nor an address depends on a secret.
 *
 * A compiler without unsigned __int128 fails here; the package then goes on with
 * the Python engine.
 */
#define PY_SSIZE_T_CLEAN
#ifndef Py_LIMITED_API
#define Py_LIMITED_API 0x030B0000
#endif
#include <Python.h>

#include <stdint.h>
#include <string.h>
#if defined(__has_builtin)
#if __has_builtin(__builtin_addcll) && __has_builtin(__builtin_subcll)
#define HAVE_BUILTIN_CARRY
#endif
#endif
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#if defined(__GNUC__) && !defined(__clang__)
/* gcc's vectoriser packs the limbs into vector registers and halves the speed. */
#pragma GCC optimize("no-tree-vectorize")
#endif

typedef uint8_t u8;
typedef uint32_t u32;
typedef uint64_t u64;
__extension__ typedef unsigned __int128 u128;

#define INLINE static inline __attribute__((always_inline))

/* --- 256-bit integers, least significant limb first ------------------------------------- */

typedef struct {
    u64 v[4];
} num;

static const num P = {{0xffffffffffffffff, 0xffffffff00000000, 0xffffffffffffffff,
                       0xfffffffeffffffff}};
static const num N = {{0x53bbf40939d54123, 0x7203df6b21c6052b, 0xffffffffffffffff,
                       0xfffffffeffffffff}};

static void num_load(num *r, const u8 b[32])
{
    for (int i = 0; i < 4; i++) {
        u64 limb = 0;
        for (int j = 0; j < 8; j++)
            limb = limb << 8 | b[8 * (3 - i) + j];
        r->v[i] = limb;
    }
}

static void num_store(u8 b[32], const num *a)
{
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 8; j++)
            b[8 * (3 - i) + j] = (u8)(a->v[i] >> (56 - 8 * j));
}

/* r = a + b + carry; returns the carry, 0 or 1. */
INLINE u8 add_carry(u8 carry, u64 a, u64 b, u64 *r)
{
#if defined(__x86_64__)
    unsigned long long sum; /* gcc makes add, adc, adc of these, but not of u128 sums */
    carry = _addcarry_u64(carry, a, b, &sum);
    *r = sum;
    return carry;
#elif defined(HAVE_BUILTIN_CARRY)
    unsigned long long out;
    *r = __builtin_addcll(a, b, carry, &out);
    return (u8)out;
#else
    u64 part = a + carry;
    u64 sum = part + b;
    *r = sum;
    return (u8)((part < a) | (sum < part));
#endif
}

/* r = a - b - borrow; returns the borrow, 0 or 1. */
INLINE u8 sub_borrow(u8 borrow, u64 a, u64 b, u64 *r)
{
#if defined(__x86_64__)
    unsigned long long difference;
    borrow = _subborrow_u64(borrow, a, b, &difference);
    *r = difference;
    return borrow;
#elif defined(HAVE_BUILTIN_CARRY)
    unsigned long long out;
    *r = __builtin_subcll(a, b, borrow, &out);
    return (u8)out;
#else
    u64 part = a - b;
    *r = part - borrow;
    return (u8)((a < b) | (part < borrow));
#endif
}

INLINE u64 num_add(num *r, const num *a, const num *b)
{
    u8 c = add_carry(0, a->v[0], b->v[0], &r->v[0]);
    c = add_carry(c, a->v[1], b->v[1], &r->v[1]);
    c = add_carry(c, a->v[2], b->v[2], &r->v[2]);
    return add_carry(c, a->v[3], b->v[3], &r->v[3]);
}

INLINE u64 num_sub(num *r, const num *a, const num *b)
{
    u8 c = sub_borrow(0, a->v[0], b->v[0], &r->v[0]);
    c = sub_borrow(c, a->v[1], b->v[1], &r->v[1]);
    c = sub_borrow(c, a->v[2], b->v[2], &r->v[2]);
    return sub_borrow(c, a->v[3], b->v[3], &r->v[3]);
}

INLINE int num_is_zero(const num *a)
{
    return (a->v[0] | a->v[1] | a->v[2] | a->v[3]) == 0;
}

INLINE int num_equal(const num *a, const num *b)
{
    return ((a->v[0] ^ b->v[0]) | (a->v[1] ^ b->v[1]) | (a->v[2] ^ b->v[2]) |
            (a->v[3] ^ b->v[3])) == 0;
}

INLINE int num_less(const num *a, const num *b)
{
    num ignored;
    return (int)num_sub(&ignored, a, b);
}

/* The same mask, but the compiler no longer knows that it is one: no branch comes of it. */
INLINE u64 opaque(u64 mask)
{
#if defined(__GNUC__)
    __asm__("" : "+r"(mask));
#endif
    return mask;
}

/* r = mask ? a : r, with mask all ones or 0. */
INLINE void num_move(num *r, const num *a, u64 mask)
{
    mask = opaque(mask);
    for (int i = 0; i < 4; i++)
        r->v[i] ^= (r->v[i] ^ a->v[i]) & mask;
}

/* r = (carry, a) reduced once: a - m if that is not negative. Constant time. */
INLINE void num_reduce_once(num *r, u64 carry, const num *a, const num *m)
{
    num less;
    u64 borrow = num_sub(&less, a, m);
    u64 keep = opaque(0 - (borrow & (carry ^ 1)));
    for (int i = 0; i < 4; i++)
        r->v[i] = (a->v[i] & keep) | (less.v[i] & ~keep);
}

INLINE void mod_add(num *r, const num *a, const num *b, const num *m)
{
    num sum;
    u64 carry = num_add(&sum, a, b);
    num_reduce_once(r, carry, &sum, m);
}

INLINE void mod_sub(num *r, const num *a, const num *b, const num *m)
{
    num difference, addend;
    u64 mask = opaque(0 - num_sub(&difference, a, b));
    for (int i = 0; i < 4; i++)
        addend.v[i] = m->v[i] & mask;
    num_add(r, &difference, &addend);
}

static void wipe(void *memory, size_t size)
{
    volatile u8 *p = memory;
    while (size--)
        *p++ = 0;
}

/* --- the field, in Montgomery form (factor 2^256) ---------------------------------------- */

static const num FE_ONE = {{0x0000000000000001, 0x00000000ffffffff, 0x0000000000000000,
                            0x0000000100000000}};
static const num FE_RR = {{0x0000000200000003, 0x00000002ffffffff, 0x0000000100000001,
                           0x0000000400000002}};
static const num FE_B = {{0x90d230632bc0dd42, 0x71cf379ae9b537ab, 0x527981505ea51c3c,
                          0x240fe188ba20e2c8}};
static const num G_X = {{0x61328990f418029e, 0x3e7981eddca6c050, 0xd6a1ed99ac24c3c3,
                         0x91167a5ee1c13b05}};
static const num G_Y = {{0xc1354e593c2d0ddd, 0xc1f5e5788d3295fa, 0x8d4cfb066e2a48f8,
                         0x63cd65d481d735bd}};

#define fe_add(r, a, b) mod_add(r, a, b, &P)
#define fe_sub(r, a, b) mod_sub(r, a, b, &P)

/*
 * t / 2^256 mod p for t < p * 2^256. Since -1/p = 1 (mod 2^64), each of four steps on the
 * low half a adds m * p with m = a[0] and drops that limb; m * p + m is
 * m * (2^256 - 2^224 - 2^96 + 2^64), which takes no multiplication. What is left stays
 * below 2^256 between steps, so the carries out of the top cancel.
 */
INLINE void fe_reduce(num *r, const u64 t[8])
{
    u64 a0 = t[0], a1 = t[1], a2 = t[2], a3 = t[3];
    for (int i = 0; i < 4; i++) {
        u64 m = a0, low = m << 32, high = m >> 32, top;
        u8 c = add_carry(0, a1, m, &a1);
        c = add_carry(c, a2, 0, &a2);
        c = add_carry(c, a3, 0, &a3);
        add_carry(c, m, 0, &top);
        c = sub_borrow(0, a1, low, &a0);
        c = sub_borrow(c, a2, high, &a1);
        c = sub_borrow(c, a3, low, &a2);
        sub_borrow(c, top, high, &a3);
    }
    num sum, low = {{a0, a1, a2, a3}}, upper = {{t[4], t[5], t[6], t[7]}};
    u64 carry = num_add(&sum, &low, &upper);
    num_reduce_once(r, carry, &sum, &P);
}

/* t[0..4] += a * b, with t[4] = 0 before. */
INLINE void multiply_row(u64 *t, u64 a, const num *b)
{
    u128 p0 = (u128)a * b->v[0], p1 = (u128)a * b->v[1];
    u128 p2 = (u128)a * b->v[2], p3 = (u128)a * b->v[3];
    u64 q1, q2, q3, q4;
    u8 c = add_carry(0, (u64)p1, (u64)(p0 >> 64), &q1);
    c = add_carry(c, (u64)p2, (u64)(p1 >> 64), &q2);
    c = add_carry(c, (u64)p3, (u64)(p2 >> 64), &q3);
    add_carry(c, 0, (u64)(p3 >> 64), &q4);
    c = add_carry(0, t[0], (u64)p0, &t[0]);
    c = add_carry(c, t[1], q1, &t[1]);
    c = add_carry(c, t[2], q2, &t[2]);
    c = add_carry(c, t[3], q3, &t[3]);
    add_carry(c, 0, q4, &t[4]);
}

INLINE void fe_mul(num *r, const num *a, const num *b)
{
    u64 t[8] = {0};
    for (int i = 0; i < 4; i++)
        multiply_row(t + i, a->v[i], b);
    fe_reduce(r, t);
}

INLINE void fe_sqr(num *r, const num *a)
{
    const u64 a0 = a->v[0], a1 = a->v[1], a2 = a->v[2], a3 = a->v[3];
    u64 t[8];
    u128 p01 = (u128)a0 * a1, p02 = (u128)a0 * a2, p03 = (u128)a0 * a3;
    u128 p12 = (u128)a1 * a2, p13 = (u128)a1 * a3, p23 = (u128)a2 * a3;
    t[1] = (u64)p01;
    u8 c = add_carry(0, (u64)p02, (u64)(p01 >> 64), &t[2]);
    c = add_carry(c, (u64)p03, (u64)(p02 >> 64), &t[3]);
    c = add_carry(c, (u64)p13, (u64)(p03 >> 64), &t[4]);
    c = add_carry(c, (u64)p23, (u64)(p13 >> 64), &t[5]);
    add_carry(c, 0, (u64)(p23 >> 64), &t[6]);
    c = add_carry(0, t[3], (u64)p12, &t[3]);
    c = add_carry(c, t[4], (u64)(p12 >> 64), &t[4]);
    c = add_carry(c, t[5], 0, &t[5]);
    add_carry(c, t[6], 0, &t[6]);

    t[7] = t[6] >> 63;
    t[6] = t[6] << 1 | t[5] >> 63;
    t[5] = t[5] << 1 | t[4] >> 63;
    t[4] = t[4] << 1 | t[3] >> 63;
    t[3] = t[3] << 1 | t[2] >> 63;
    t[2] = t[2] << 1 | t[1] >> 63;
    t[1] <<= 1;

    u128 s0 = (u128)a0 * a0, s1 = (u128)a1 * a1, s2 = (u128)a2 * a2, s3 = (u128)a3 * a3;
    t[0] = (u64)s0;
    c = add_carry(0, t[1], (u64)(s0 >> 64), &t[1]);
    c = add_carry(c, t[2], (u64)s1, &t[2]);
    c = add_carry(c, t[3], (u64)(s1 >> 64), &t[3]);
    c = add_carry(c, t[4], (u64)s2, &t[4]);
    c = add_carry(c, t[5], (u64)(s2 >> 64), &t[5]);
    c = add_carry(c, t[6], (u64)s3, &t[6]);
    add_carry(c, t[7], (u64)(s3 >> 64), &t[7]);
    fe_reduce(r, t);
}

/* r = a / 2: (a or a + p) shifted. */
INLINE void fe_half(num *r, const num *a)
{
    num addend, sum;
    u64 mask = opaque(0 - (a->v[0] & 1));
    for (int i = 0; i < 4; i++)
        addend.v[i] = P.v[i] & mask;
    u64 carry = num_add(&sum, a, &addend);
    for (int i = 0; i < 3; i++)
        r->v[i] = sum.v[i] >> 1 | sum.v[i + 1] << 63;
    r->v[3] = sum.v[3] >> 1 | carry << 63;
}

/* Out-of-line copies for code that is not in the innermost loops. */
static void fe_mul_call(num *r, const num *a, const num *b)
{
    fe_mul(r, a, b);
}

static void fe_sqr_call(num *r, const num *a)
{
    fe_sqr(r, a);
}

static void fe_from(num *r, const num *a)
{
    fe_mul_call(r, a, &FE_RR);
}

static void fe_to(num *r, const num *a)
{
    static const num one = {{1, 0, 0, 0}};
    fe_mul_call(r, a, &one);
}

/* a^exponent by 4-bit windows: the time depends on the (public) exponent only. */
static void power(num *r, const num *a, const num *exponent, const num *one,
                  void (*mul)(num *, const num *, const num *))
{
    num powers[16], result = *one;
    powers[0] = *one;
    for (int i = 1; i < 16; i++)
        mul(&powers[i], &powers[i - 1], a);
    for (int i = 63; i >= 0; i--) {
        for (int j = 0; j < 4; j++)
            mul(&result, &result, &result);
        mul(&result, &result, &powers[exponent->v[i / 16] >> (4 * (i % 16)) & 15]);
    }
    *r = result;
    wipe(powers, sizeof powers);
    wipe(&result, sizeof result);
}

static void fe_invert(num *r, const num *a)
{
    num exponent = P;
    exponent.v[0] -= 2;
    power(r, a, &exponent, &FE_ONE, fe_mul_call);
}

/* --- scalars modulo n, Montgomery form where said so ------------------------------------- */

static const num SC_ONE = {{0xac440bf6c62abedd, 0x8dfc2094de39fad4, 0x0000000000000000,
                            0x0000000100000000}};
static const num SC_RR = {{0x901192af7c114f20, 0x3464504ade6fa2fa, 0x620fc84c3affe0d4,
                           0x1eb5e412a22b3d3b}};
#define N_INVERSE 0x327f9e8872350975u /* -1/n mod 2^64 */

/* a * b / 2^256 mod n. Constant time. */
static void sc_mul(num *r, const num *a, const num *b)
{
    u64 t[5] = {0}, top = 0;
    for (int i = 0; i < 4; i++) {
        u128 c = 0;
        for (int j = 0; j < 4; j++) {
            c += (u128)a->v[i] * b->v[j] + t[j];
            t[j] = (u64)c;
            c >>= 64;
        }
        c += (u128)t[4];
        t[4] = (u64)c;
        top = (u64)(c >> 64);

        u64 m = t[0] * N_INVERSE;
        c = (u128)m * N.v[0] + t[0];
        c >>= 64;
        for (int j = 1; j < 4; j++) {
            c += (u128)m * N.v[j] + t[j];
            t[j - 1] = (u64)c;
            c >>= 64;
        }
        c += (u128)t[4];
        t[3] = (u64)c;
        t[4] = (u64)(c >> 64) + top;
    }
    num sum = {{t[0], t[1], t[2], t[3]}};
    num_reduce_once(r, t[4], &sum, &N);
    wipe(t, sizeof t);
}

static void sc_invert(num *r, const num *a)
{
    num exponent = N;
    exponent.v[0] -= 2;
    power(r, a, &exponent, &SC_ONE, sc_mul);
}

/* --- public points: Jacobian, x = X/Z^2, y = Y/Z^3, infinity has Z = 0 -------------------- */

typedef struct {
    num x, y;
} affine;

typedef struct {
    num x, y, z;
} jacobian;

/* A Jacobian point with the powers of Z that an addition needs. */
typedef struct {
    num x, y, z, zz, zzz;
} prepared;

static void point_double(jacobian *r, const jacobian *a)
{
    num w, ww, wwww, zz, m, t, v;
    fe_add(&w, &a->y, &a->y);
    fe_sqr(&zz, &a->z);
    fe_sqr(&ww, &w);
    fe_mul(&r->z, &w, &a->z);
    fe_add(&m, &a->x, &zz);
    fe_sub(&t, &a->x, &zz);
    fe_mul(&m, &m, &t);
    fe_add(&t, &m, &m);
    fe_add(&m, &m, &t); /* 3 (x + z^2) (x - z^2) */
    fe_mul(&v, &a->x, &ww); /* 4 x y^2 */
    fe_sqr(&wwww, &ww);
    fe_half(&wwww, &wwww); /* 8 y^4 */
    fe_sqr(&t, &m);
    fe_sub(&t, &t, &v);
    fe_sub(&r->x, &t, &v);
    fe_sub(&v, &v, &r->x);
    fe_mul(&m, &m, &v);
    fe_sub(&r->y, &m, &wwww);
}

/* The end of an addition: u = X1, s = Y1 scaled to the common Z (in z), h and rr the
 * differences X2 - X1 and Y2 - Y1 on it, h != 0. */
INLINE void point_add_tail(jacobian *r, const num *u, const num *s, const num *h, const num *rr,
                           const num *z)
{
    num hh, hhh, v, t;
    fe_sqr(&hh, h);
    fe_mul(&hhh, &hh, h);
    fe_mul(&v, u, &hh);
    fe_mul(&r->z, z, h);
    fe_mul(&hh, s, &hhh);
    fe_sqr(&t, rr);
    fe_sub(&t, &t, &hhh);
    fe_sub(&t, &t, &v);
    fe_sub(&r->x, &t, &v);
    fe_sub(&v, &v, &r->x);
    fe_mul(&v, &v, rr);
    fe_sub(&r->y, &v, &hh);
}

static void point_set_infinity(jacobian *r)
{
    r->x = FE_ONE;
    r->y = FE_ONE;
    memset(&r->z, 0, sizeof r->z);
}

/* Equal x: the points are equal (double) or opposite (infinity). */
static void point_add_equal_x(jacobian *r, const jacobian *a, const num *difference)
{
    if (num_is_zero(difference))
        point_double(r, a);
    else
        point_set_infinity(r);
}

static void point_add_affine(jacobian *r, const jacobian *a, const num *bx, const num *by)
{
    num zz, h, rr, t;
    if (num_is_zero(&a->z)) {
        r->x = *bx;
        r->y = *by;
        r->z = FE_ONE;
        return;
    }
    fe_sqr(&zz, &a->z);
    fe_mul(&t, &zz, &a->z);
    fe_mul(&h, bx, &zz);
    fe_sub(&h, &h, &a->x);
    fe_mul(&rr, by, &t);
    fe_sub(&rr, &rr, &a->y);
    if (num_is_zero(&h)) {
        point_add_equal_x(r, a, &rr);
        return;
    }
    jacobian sum;
    point_add_tail(&sum, &a->x, &a->y, &h, &rr, &a->z);
    *r = sum;
}

static void point_add_prepared(jacobian *r, const jacobian *a, const prepared *b, const num *by)
{
    num zz, u, s, h, rr, t, z;
    if (num_is_zero(&a->z)) {
        r->x = b->x;
        r->y = *by;
        r->z = b->z;
        return;
    }
    fe_sqr(&zz, &a->z);
    fe_mul(&t, &zz, &a->z);
    fe_mul(&u, &a->x, &b->zz);
    fe_mul(&h, &b->x, &zz);
    fe_sub(&h, &h, &u);
    fe_mul(&s, &a->y, &b->zzz);
    fe_mul(&rr, by, &t);
    fe_sub(&rr, &rr, &s);
    if (num_is_zero(&h)) {
        point_add_equal_x(r, a, &rr);
        return;
    }
    fe_mul(&z, &a->z, &b->z);
    point_add_tail(r, &u, &s, &h, &rr, &z);
}

/* Affine forms of finite points with one inversion; out[i].x holds the running product. */
static void points_to_affine(affine *out, const jacobian *in, int count)
{
    num product = FE_ONE, inverse, zi, zi2;
    for (int i = 0; i < count; i++) {
        out[i].x = product;
        fe_mul_call(&product, &product, &in[i].z);
    }
    fe_invert(&inverse, &product);
    for (int i = count - 1; i >= 0; i--) {
        fe_mul_call(&zi, &inverse, &out[i].x);
        fe_mul_call(&inverse, &inverse, &in[i].z);
        fe_sqr_call(&zi2, &zi);
        fe_mul_call(&out[i].x, &in[i].x, &zi2);
        fe_mul_call(&zi2, &zi2, &zi);
        fe_mul_call(&out[i].y, &in[i].y, &zi2);
    }
}

/*
 * base, 3 base, 5 base, ... for a finite base of order n. The sums are taken on
 * the isomorphic curve on which 2 * base has Z = 1, so that each is a mixed
 * addition (which does not depend on the curve's a).
 */
static void odd_multiples(jacobian *out, const jacobian *base, int count)
{
    jacobian twice;
    num ratio, ratio2;
    point_double(&twice, base);
    fe_add(&ratio, &base->y, &base->y); /* Z of twice / Z of base */
    fe_sqr_call(&ratio2, &ratio);
    fe_mul_call(&out[0].x, &base->x, &ratio2);
    fe_mul_call(&ratio2, &ratio2, &ratio);
    fe_mul_call(&out[0].y, &base->y, &ratio2);
    out[0].z = FE_ONE;
    for (int i = 1; i < count; i++)
        point_add_affine(&out[i], &out[i - 1], &twice.x, &twice.y);
    for (int i = 0; i < count; i++)
        fe_mul_call(&out[i].z, &out[i].z, &twice.z);
}

/* --- tables for verification --------------------------------------------------------------
 *
 * A scalar is cut into PIECES slices of STEP bits, each with its own odd multiples of
 * 2^(STEP * slice) * point: 32 doublings do instead of 256.
 */

#define PIECES 8
#define STEP 32
#define G_WIDTH 8
#define G_COUNT (1 << (G_WIDTH - 2))
#define KEY_WIDTH 6
#define KEY_COUNT (1 << (KEY_WIDTH - 2))
#define ONCE_WIDTH 5 /* a key used once: one slice of 256 bits */
#define ONCE_COUNT (1 << (ONCE_WIDTH - 2))

typedef struct {
    u8 key[65];
    affine odd[PIECES][KEY_COUNT];
} key_table;

static affine g_odd[PIECES][G_COUNT];

static void build_pieces(affine *out, jacobian *scratch, const affine *point, int count)
{
    jacobian base = {point->x, point->y, FE_ONE};
    for (int piece = 0; piece < PIECES; piece++) {
        odd_multiples(scratch + piece * count, &base, count);
        for (int i = 0; i < STEP; i++)
            point_double(&base, &base);
    }
    points_to_affine(out, scratch, PIECES * count);
}

/* The point of a 65-byte key; 0 if it is not one: form, coordinates >= p, off the curve. */
static int load_point(affine *r, const u8 key[65])
{
    num x, y, left, right;
    if (key[0] != 4)
        return 0;
    num_load(&x, key + 1);
    num_load(&y, key + 33);
    if (!num_less(&x, &P) || !num_less(&y, &P))
        return 0;
    fe_from(&r->x, &x);
    fe_from(&r->y, &y);
    fe_sqr_call(&left, &r->y);
    fe_sqr_call(&right, &r->x);
    for (int i = 0; i < 3; i++)
        fe_sub(&right, &right, &FE_ONE);
    fe_mul_call(&right, &right, &r->x);
    fe_add(&right, &right, &FE_B);
    return num_equal(&left, &right);
}

#define DIGITS 257

/* Width-w NAF: digits odd or 0, |digit| < 2^(w-1). Variable time. */
static void recode(int8_t digits[DIGITS], const num *k, int width)
{
    int carry = 0, at = 0;
    memset(digits, 0, DIGITS);
    while (at < DIGITS) {
        int bit = at < 256 ? (int)(k->v[at / 64] >> (at % 64) & 1) : 0;
        if (bit == carry) {
            at++;
            continue;
        }
        u64 word = at < 256 ? k->v[at / 64] >> (at % 64) : 0;
        if (at % 64 && at / 64 < 3)
            word |= k->v[at / 64 + 1] << (64 - at % 64);
        int digit = (int)(word & ((1u << width) - 1)) + carry;
        carry = digit >> (width - 1) & 1;
        digits[at] = (int8_t)(digit - (carry << width));
        at += width;
    }
}

INLINE void add_digit(jacobian *sum, const affine *odd, int digit)
{
    num y;
    if (digit > 0) {
        point_add_affine(sum, sum, &odd[digit >> 1].x, &odd[digit >> 1].y);
    } else {
        fe_sub(&y, &(num){{0}}, &odd[-digit >> 1].y);
        point_add_affine(sum, sum, &odd[-digit >> 1].x, &y);
    }
}

/* s G + t P with P's table. */
static void multiply_add_table(jacobian *sum, const num *s, const num *t, const key_table *table)
{
    int8_t ds[DIGITS], dt[DIGITS];
    recode(ds, s, G_WIDTH);
    recode(dt, t, KEY_WIDTH);
    point_set_infinity(sum);
    for (int bit = STEP; bit >= 0; bit--) {
        if (bit != STEP)
            point_double(sum, sum);
        /* a digit at position 256 belongs to the last slice */
        for (int piece = bit == STEP ? PIECES - 1 : 0; piece < PIECES; piece++) {
            int at = piece * STEP + bit;
            if (ds[at])
                add_digit(sum, g_odd[piece], ds[at]);
            if (dt[at])
                add_digit(sum, table->odd[piece], dt[at]);
        }
    }
}

/* s G + t P for a key used once. */
static void multiply_add_once(jacobian *sum, const num *s, const num *t, const affine *point)
{
    int8_t ds[DIGITS], dt[DIGITS];
    jacobian odd[ONCE_COUNT], base = {point->x, point->y, FE_ONE};
    prepared table[ONCE_COUNT];
    odd_multiples(odd, &base, ONCE_COUNT);
    for (int i = 0; i < ONCE_COUNT; i++) {
        table[i].x = odd[i].x;
        table[i].y = odd[i].y;
        table[i].z = odd[i].z;
        fe_sqr_call(&table[i].zz, &odd[i].z);
        fe_mul_call(&table[i].zzz, &table[i].zz, &odd[i].z);
    }
    recode(ds, s, G_WIDTH);
    recode(dt, t, ONCE_WIDTH);
    point_set_infinity(sum);
    for (int at = DIGITS - 1; at >= 0; at--) {
        if (at != DIGITS - 1 && !num_is_zero(&sum->z))
            point_double(sum, sum);
        if (dt[at]) {
            const prepared *entry = &table[(dt[at] > 0 ? dt[at] : -dt[at]) >> 1];
            num y = entry->y;
            if (dt[at] < 0)
                fe_sub(&y, &(num){{0}}, &y);
            point_add_prepared(sum, sum, entry, &y);
        }
        if (ds[at])
            add_digit(sum, g_odd[0], ds[at]);
    }
}

/* GB/T 32918.2 7.1, steps B1, B2, B5 to B7. A table must be this very key's. */
static int verify_one(const u8 key[65], const u8 e[32], const u8 rs[64], const key_table *table)
{
    num r, s, t, digest, residue, x, zz;
    affine point;
    jacobian sum;
    num_load(&r, rs);
    num_load(&s, rs + 32);
    if (num_is_zero(&r) || num_is_zero(&s) || !num_less(&r, &N) || !num_less(&s, &N))
        return 0;
    mod_add(&t, &r, &s, &N);
    if (num_is_zero(&t))
        return 0;
    if (table) {
        if (memcmp(table->key, key, 65) != 0)
            return 0;
        multiply_add_table(&sum, &s, &t, table);
    } else {
        if (!load_point(&point, key))
            return 0;
        multiply_add_once(&sum, &s, &t, &point);
    }
    if (num_is_zero(&sum.z))
        return 0;
    /* x_R = r - e (mod n), with no inversion: x_R is below p, so it is the residue or
     * the residue + n. */
    num_load(&digest, e);
    num_reduce_once(&digest, 0, &digest, &N);
    mod_sub(&residue, &r, &digest, &N);
    fe_sqr_call(&zz, &sum.z);
    fe_from(&x, &residue);
    fe_mul_call(&x, &x, &zz);
    if (num_equal(&x, &sum.x))
        return 1;
    if (num_add(&residue, &residue, &N) || !num_less(&residue, &P))
        return 0;
    fe_from(&x, &residue);
    fe_mul_call(&x, &x, &zz);
    return num_equal(&x, &sum.x);
}

/* --- secret scalars: homogeneous points, complete formulas, constant time ----------------- */

typedef struct {
    num x, y, z;
} projective; /* x = X/Z, y = Y/Z, infinity is (0 : 1 : 0) */

/*
 * The common end of the complete additions (Renes, Costello, Batina, algorithms 4 and 5),
 * from xx = X1 X2, yy = Y1 Y2, zz = Z1 Z2 and the crossed sums xy = X1 Y2 + X2 Y1,
 * yz = Y1 Z2 + Y2 Z1, xz = X1 Z2 + X2 Z1.
 */
static void complete_tail(projective *r, const num *xx, const num *yy, const num *zz,
                          const num *xy, const num *yz, const num *xz)
{
    num d, e, f, zz3, plus, minus, t;
    fe_mul_call(&t, &FE_B, zz);
    fe_sub(&d, xz, &t);
    fe_add(&t, &d, &d);
    fe_add(&d, &d, &t); /* 3 (xz - b zz) */
    fe_sub(&minus, yy, &d);
    fe_add(&plus, yy, &d);
    fe_add(&zz3, zz, zz);
    fe_add(&zz3, &zz3, zz);
    fe_mul_call(&e, &FE_B, xz);
    fe_sub(&e, &e, &zz3);
    fe_sub(&e, &e, xx);
    fe_add(&t, &e, &e);
    fe_add(&e, &e, &t); /* 3 (b xz - 3 zz - xx) */
    fe_add(&f, xx, xx);
    fe_add(&f, &f, xx);
    fe_sub(&f, &f, &zz3); /* 3 (xx - zz) */

    num a, b, c;
    fe_mul_call(&a, xy, &plus);
    fe_mul_call(&t, yz, &e);
    fe_sub(&a, &a, &t);
    fe_mul_call(&b, &plus, &minus);
    fe_mul_call(&t, &f, &e);
    fe_add(&b, &b, &t);
    fe_mul_call(&c, yz, &minus);
    fe_mul_call(&t, xy, &f);
    fe_add(&c, &c, &t);
    r->x = a;
    r->y = b;
    r->z = c;
}

/* (a1 + b1) (a2 + b2) - aa - bb = a1 b2 + a2 b1 */
static void crossed(num *r, const num *a1, const num *b1, const num *a2, const num *b2,
                    const num *aa, const num *bb)
{
    num left, right;
    fe_add(&left, a1, b1);
    fe_add(&right, a2, b2);
    fe_mul_call(&left, &left, &right);
    fe_sub(&left, &left, aa);
    fe_sub(r, &left, bb);
}

/* a + b for any two points, equal, opposite or infinite. */
static void complete_add(projective *r, const projective *a, const projective *b)
{
    num xx, yy, zz, xy, yz, xz;
    fe_mul_call(&xx, &a->x, &b->x);
    fe_mul_call(&yy, &a->y, &b->y);
    fe_mul_call(&zz, &a->z, &b->z);
    crossed(&xy, &a->x, &a->y, &b->x, &b->y, &xx, &yy);
    crossed(&yz, &a->y, &a->z, &b->y, &b->z, &yy, &zz);
    crossed(&xz, &a->x, &a->z, &b->x, &b->z, &xx, &zz);
    complete_tail(r, &xx, &yy, &zz, &xy, &yz, &xz);
}

/* a + b for any a and a finite affine b. */
static void complete_add_affine(projective *r, const projective *a, const affine *b)
{
    num xx, yy, xy, yz, xz;
    fe_mul_call(&xx, &a->x, &b->x);
    fe_mul_call(&yy, &a->y, &b->y);
    crossed(&xy, &a->x, &a->y, &b->x, &b->y, &xx, &yy);
    fe_mul_call(&yz, &b->y, &a->z);
    fe_add(&yz, &yz, &a->y);
    fe_mul_call(&xz, &b->x, &a->z);
    fe_add(&xz, &xz, &a->x);
    complete_tail(r, &xx, &yy, &a->z, &xy, &yz, &xz);
}

/* Signed windows: sum over i of 2^(width*i) * digit_i, |digit| <= 2^(width-1), read from
 * width + 1 bits each. Sets the magnitude and a mask of all ones if it is negative. */
INLINE u32 booth(const num *k, int window, int width, u64 *negative)
{
    int at = window * width - 1; /* the window's lowest bit is the one before it */
    u64 bits = 0;
    for (int i = 0; i <= width; i++) {
        int bit = at + i;
        if (bit >= 0 && bit < 256) /* depends on the position, not on the scalar */
            bits |= (k->v[bit / 64] >> (bit % 64) & 1) << i;
    }
    u64 sign = bits >> width;
    u64 value = (bits >> 1) + (bits & 1); /* 0 .. 2^width */
    u64 opposite = ((u64)1 << width) - value;
    *negative = 0 - sign;
    return (u32)(((value ^ opposite) & (0 - sign)) ^ value);
}

/* All ones if a = b, else 0, for a, b < 2^31. */
INLINE u64 equal_mask(u32 a, u32 b)
{
    return 0 - (u64)(((a ^ b) - 1) >> 31);
}

#define COMB_WIDTH 6
#define COMB_WINDOWS 43 /* 258 bits */
#define COMB_COUNT 32

static affine g_comb[COMB_WINDOWS][COMB_COUNT]; /* [i][j] = (j + 1) * 2^(6 i) * G */

/* k G: every entry of every row is read. */
static void multiply_base(projective *r, const num *k)
{
    memset(r, 0, sizeof *r);
    r->y = FE_ONE;
    affine entry;
    projective sum;
    num opposite;
    for (int i = 0; i < COMB_WINDOWS; i++) {
        u64 negative;
        u32 digit = booth(k, i, COMB_WIDTH, &negative);
        entry = g_comb[i][0];
        for (u32 j = 1; j < COMB_COUNT; j++) {
            u64 mask = equal_mask(digit, j + 1);
            num_move(&entry.x, &g_comb[i][j].x, mask);
            num_move(&entry.y, &g_comb[i][j].y, mask);
        }
        fe_sub(&opposite, &(num){{0}}, &entry.y);
        num_move(&entry.y, &opposite, negative);
        complete_add_affine(&sum, r, &entry);
        u64 some = ~equal_mask(digit, 0);
        num_move(&r->x, &sum.x, some);
        num_move(&r->y, &sum.y, some);
        num_move(&r->z, &sum.z, some);
    }
    wipe(&entry, sizeof entry);
    wipe(&opposite, sizeof opposite);
    wipe(&sum, sizeof sum);
}

#define SECRET_WIDTH 5
#define SECRET_WINDOWS 52 /* 260 bits */
#define SECRET_COUNT 16

/* k P. */
static void multiply_point(projective *r, const num *k, const affine *point)
{
    projective table[SECRET_COUNT + 1], entry;
    num opposite;
    memset(table, 0, sizeof table);
    table[0].y = FE_ONE;
    for (int i = 1; i <= SECRET_COUNT; i++)
        complete_add_affine(&table[i], &table[i - 1], point);
    *r = table[0];
    for (int i = SECRET_WINDOWS - 1; i >= 0; i--) {
        u64 negative;
        u32 digit = booth(k, i, SECRET_WIDTH, &negative);
        for (int j = 0; j < SECRET_WIDTH; j++)
            complete_add(r, r, r);
        entry = table[0];
        for (u32 j = 1; j <= SECRET_COUNT; j++) {
            u64 mask = equal_mask(digit, j);
            num_move(&entry.x, &table[j].x, mask);
            num_move(&entry.y, &table[j].y, mask);
            num_move(&entry.z, &table[j].z, mask);
        }
        fe_sub(&opposite, &(num){{0}}, &entry.y);
        num_move(&entry.y, &opposite, negative);
        complete_add(r, r, &entry);
    }
    wipe(&entry, sizeof entry);
    wipe(&opposite, sizeof opposite);
    wipe(table, sizeof table);
}

/* The 65-byte form; 0 for infinity (its coordinates come out as 0). */
static int store_point(u8 out[65], const projective *a)
{
    num inverse, t;
    fe_invert(&inverse, &a->z);
    out[0] = 4;
    fe_mul_call(&t, &a->x, &inverse);
    fe_to(&t, &t);
    num_store(out + 1, &t);
    fe_mul_call(&t, &a->y, &inverse);
    fe_to(&t, &t);
    num_store(out + 33, &t);
    wipe(&inverse, sizeof inverse);
    wipe(&t, sizeof t);
    return !num_is_zero(&a->z);
}

/* --- SM3 (GB/T 32905) and HMAC over it, for the nonce -------------------------------------- */

typedef struct {
    u32 state[8];
    u8 block[64];
    u64 size;
} sm3_context;

INLINE u32 rotate(u32 x, int n)
{
    return x << n | x >> (32 - n);
}

static void sm3_block(u32 state[8], const u8 block[64])
{
    u32 w[68], a[8];
    for (int j = 0; j < 16; j++)
        w[j] = (u32)block[4 * j] << 24 | (u32)block[4 * j + 1] << 16 |
               (u32)block[4 * j + 2] << 8 | block[4 * j + 3];
    for (int j = 16; j < 68; j++) {
        u32 x = w[j - 16] ^ w[j - 9] ^ rotate(w[j - 3], 15);
        w[j] = x ^ rotate(x, 15) ^ rotate(x, 23) ^ rotate(w[j - 13], 7) ^ w[j - 6];
    }
    memcpy(a, state, sizeof a);
    for (int j = 0; j < 64; j++) {
        u32 constant = j < 16 ? 0x79cc4519 : 0x7a879d8a;
        u32 turned = j % 32 ? rotate(constant, j % 32) : constant;
        u32 ss1 = rotate(rotate(a[0], 12) + a[4] + turned, 7);
        u32 ss2 = ss1 ^ rotate(a[0], 12);
        u32 ff = j < 16 ? a[0] ^ a[1] ^ a[2] : (a[0] & a[1]) | (a[0] & a[2]) | (a[1] & a[2]);
        u32 gg = j < 16 ? a[4] ^ a[5] ^ a[6] : (a[4] & a[5]) | (~a[4] & a[6]);
        u32 tt1 = ff + a[3] + ss2 + (w[j] ^ w[j + 4]);
        u32 tt2 = gg + a[7] + ss1 + w[j];
        a[3] = a[2];
        a[2] = rotate(a[1], 9);
        a[1] = a[0];
        a[0] = tt1;
        a[7] = a[6];
        a[6] = rotate(a[5], 19);
        a[5] = a[4];
        a[4] = tt2 ^ rotate(tt2, 9) ^ rotate(tt2, 17);
    }
    for (int j = 0; j < 8; j++)
        state[j] ^= a[j];
    wipe(w, sizeof w);
    wipe(a, sizeof a);
}

static void sm3_start(sm3_context *c)
{
    static const u32 start[8] = {0x7380166f, 0x4914b2b9, 0x172442d7, 0xda8a0600,
                                 0xa96f30bc, 0x163138aa, 0xe38dee4d, 0xb0fb0e4e};
    memcpy(c->state, start, sizeof start);
    c->size = 0;
}

static void sm3_update(sm3_context *c, const u8 *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        c->block[c->size++ % 64] = data[i];
        if (c->size % 64 == 0)
            sm3_block(c->state, c->block);
    }
}

static void sm3_finish(sm3_context *c, u8 digest[32])
{
    u8 tail[8], one = 0x80, zero = 0;
    u64 bits = c->size * 8;
    for (int i = 0; i < 8; i++)
        tail[i] = (u8)(bits >> (56 - 8 * i));
    sm3_update(c, &one, 1);
    while (c->size % 64 != 56)
        sm3_update(c, &zero, 1);
    sm3_update(c, tail, 8);
    for (int i = 0; i < 32; i++)
        digest[i] = (u8)(c->state[i / 4] >> (24 - 8 * (i % 4)));
    wipe(c, sizeof *c);
}

/* HMAC-SM3 with a 32-byte key over value (32 bytes), then, if tag >= 0, that byte and more. */
static void hmac_sm3(u8 out[32], const u8 key[32], const u8 value[32], int tag, const u8 *more,
                     size_t size)
{
    sm3_context c;
    u8 pad[64], inner[32];
    for (int i = 0; i < 64; i++)
        pad[i] = (u8)((i < 32 ? key[i] : 0) ^ 0x36);
    sm3_start(&c);
    sm3_update(&c, pad, 64);
    sm3_update(&c, value, 32);
    if (tag >= 0) {
        u8 byte = (u8)tag;
        sm3_update(&c, &byte, 1);
        sm3_update(&c, more, size);
    }
    sm3_finish(&c, inner);
    for (int i = 0; i < 64; i++)
        pad[i] ^= 0x36 ^ 0x5c;
    sm3_start(&c);
    sm3_update(&c, pad, 64);
    sm3_update(&c, inner, 32);
    sm3_finish(&c, out);
    wipe(pad, sizeof pad);
    wipe(inner, sizeof inner);
}

/* --- signing -------------------------------------------------------------------------------- */

/* 1 <= a < n */
static int scalar_in_range(const num *a)
{
    return !num_is_zero(a) && num_less(a, &N);
}

/*
 * GB/T 32918.2 6.1, steps A4 to A6, with e < n and 1 <= k < n; 0 where the standard asks
 * for another nonce (then r = 0, r + k = n or s = 0: nothing usable is learnt from it).
 */
static int sign_with(u8 rs[64], const num *d, const num *e, const num *k)
{
    projective point;
    u8 encoded[65];
    num x, r, s, t, dm, rm;
    multiply_base(&point, k);
    store_point(encoded, &point);
    num_load(&x, encoded + 1);
    num_reduce_once(&x, 0, &x, &N);
    mod_add(&r, e, &x, &N);
    mod_add(&t, &r, k, &N);
    int good = !num_is_zero(&r) & !num_is_zero(&t);

    sc_mul(&dm, d, &SC_RR);
    sc_mul(&rm, &r, &dm);      /* r d */
    mod_sub(&s, k, &rm, &N);   /* k - r d */
    mod_add(&t, &dm, &SC_ONE, &N);
    sc_invert(&t, &t);         /* 1 / (1 + d), Montgomery form */
    sc_mul(&s, &s, &t);
    good &= !num_is_zero(&s);
    num_store(rs, &r);
    num_store(rs + 32, &s);
    wipe(&point, sizeof point);
    wipe(encoded, sizeof encoded);
    wipe(&x, sizeof x);
    wipe(&t, sizeof t);
    wipe(&dm, sizeof dm);
    wipe(&rm, sizeof rm);
    return good;
}

/* The nonce is that of RFC 6979 3.2 over HMAC-SM3, with extra as the k' of 3.6. */
static void sign_hedged(u8 rs[64], const u8 private_key[32], const num *d, const num *e,
                        const u8 extra[32])
{
    u8 seed[96], key[32], value[32];
    num k;
    memcpy(seed, private_key, 32);
    num_store(seed + 32, e);
    memcpy(seed + 64, extra, 32);
    memset(key, 0, 32);
    memset(value, 1, 32);
    hmac_sm3(key, key, value, 0, seed, sizeof seed);
    hmac_sm3(value, key, value, -1, NULL, 0);
    hmac_sm3(key, key, value, 1, seed, sizeof seed);
    hmac_sm3(value, key, value, -1, NULL, 0);
    for (;;) {
        hmac_sm3(value, key, value, -1, NULL, 0);
        num_load(&k, value);
        if (scalar_in_range(&k) && sign_with(rs, d, e, &k))
            break;
        hmac_sm3(key, key, value, 0, NULL, 0);
        hmac_sm3(value, key, value, -1, NULL, 0);
    }
    wipe(seed, sizeof seed);
    wipe(key, sizeof key);
    wipe(value, sizeof value);
    wipe(&k, sizeof k);
}

/* --- the module ------------------------------------------------------------------------------ */

#define TABLE_NAME "elicense.crypto._sm2.table"

static void free_table(PyObject *capsule)
{
    PyMem_Free(PyCapsule_GetPointer(capsule, TABLE_NAME));
}

static PyObject *py_make_table(PyObject *self, PyObject *args)
{
    const char *key;
    Py_ssize_t size;
    affine point;
    (void)self;
    if (!PyArg_ParseTuple(args, "y#", &key, &size))
        return NULL;
    if (size != 65 || !load_point(&point, (const u8 *)key))
        Py_RETURN_NONE;
    key_table *table = PyMem_Malloc(sizeof *table);
    jacobian *scratch = PyMem_Malloc(sizeof(jacobian) * PIECES * KEY_COUNT);
    if (!table || !scratch) {
        PyMem_Free(table);
        PyMem_Free(scratch);
        return PyErr_NoMemory();
    }
    memcpy(table->key, key, 65);
    build_pieces(table->odd[0], scratch, &point, KEY_COUNT);
    PyMem_Free(scratch);
    PyObject *capsule = PyCapsule_New(table, TABLE_NAME, free_table);
    if (!capsule)
        PyMem_Free(table);
    return capsule;
}

/* The table of a capsule, NULL for None; -1 with an exception for anything else. */
static int get_table(PyObject *object, const key_table **table)
{
    *table = NULL;
    if (object == Py_None)
        return 0;
    *table = PyCapsule_GetPointer(object, TABLE_NAME);
    return *table ? 0 : -1;
}

static PyObject *py_verify(PyObject *self, PyObject *args)
{
    const char *key, *e, *rs;
    Py_ssize_t key_size, e_size, rs_size;
    PyObject *object = Py_None;
    const key_table *table;
    (void)self;
    if (!PyArg_ParseTuple(args, "y#y#y#|O", &key, &key_size, &e, &e_size, &rs, &rs_size, &object))
        return NULL;
    if (get_table(object, &table))
        return NULL;
    if (key_size != 65 || e_size != 32 || rs_size != 64)
        Py_RETURN_FALSE;
    return PyBool_FromLong(verify_one((const u8 *)key, (const u8 *)e, (const u8 *)rs, table));
}

/* The references to the tables are ours (a tuple), so that another thread cannot free them. */
static PyObject *verify_all(const u8 *keys, const u8 *digests, const u8 *signatures,
                            PyObject *tables, Py_ssize_t count)
{
    PyObject *result = NULL;
    const key_table **found = PyMem_Malloc(sizeof *found * (size_t)(count ? count : 1));
    if (!found)
        return PyErr_NoMemory();
    for (Py_ssize_t i = 0; i < count; i++)
        if (get_table(PyTuple_GetItem(tables, i), &found[i]))
            goto done;
    result = PyBytes_FromStringAndSize(NULL, count);
    if (!result)
        goto done;
    char *out = PyBytes_AsString(result);
    Py_BEGIN_ALLOW_THREADS
    for (Py_ssize_t i = 0; i < count; i++)
        out[i] = (char)verify_one(keys + 65 * i, digests + 32 * i, signatures + 64 * i, found[i]);
    Py_END_ALLOW_THREADS
done:
    PyMem_Free(found);
    return result;
}

static PyObject *py_verify_many(PyObject *self, PyObject *args)
{
    const char *keys, *digests, *signatures;
    Py_ssize_t keys_size, digests_size, signatures_size;
    PyObject *sequence;
    (void)self;
    if (!PyArg_ParseTuple(args, "y#y#y#O", &keys, &keys_size, &digests, &digests_size, &signatures,
                          &signatures_size, &sequence))
        return NULL;
    PyObject *tables = PySequence_Tuple(sequence);
    if (!tables)
        return NULL;
    Py_ssize_t count = PyTuple_Size(tables);
    PyObject *result = NULL;
    if (keys_size % 65 || digests_size % 32 || signatures_size % 64 || keys_size / 65 != count ||
        digests_size / 32 != count || signatures_size / 64 != count)
        PyErr_SetString(PyExc_ValueError, "lengths do not match");
    else
        result = verify_all((const u8 *)keys, (const u8 *)digests, (const u8 *)signatures, tables,
                            count);
    Py_DECREF(tables);
    return result;
}

/* A scalar of 32 bytes in [1, n-1]; 0 with ValueError otherwise. */
static int get_scalar(num *r, const char *data, Py_ssize_t size)
{
    if (size == 32) {
        num_load(r, (const u8 *)data);
        if (scalar_in_range(r))
            return 1;
    }
    PyErr_SetString(PyExc_ValueError, "scalar out of range");
    return 0;
}

/* d in [1, n-2]: 1 + d must have an inverse. */
static int get_private(num *d, const char *data, Py_ssize_t size)
{
    num next;
    static const num one = {{1, 0, 0, 0}};
    if (!get_scalar(d, data, size))
        return 0;
    num_add(&next, d, &one);
    int good = num_less(&next, &N);
    wipe(&next, sizeof next);
    if (!good) {
        wipe(d, sizeof *d);
        PyErr_SetString(PyExc_ValueError, "scalar out of range");
    }
    return good;
}

static PyObject *py_sign(PyObject *self, PyObject *args)
{
    const char *key, *digest, *extra;
    Py_ssize_t key_size, digest_size, extra_size;
    num d, e;
    u8 rs[64];
    (void)self;
    if (!PyArg_ParseTuple(args, "y#y#y#", &key, &key_size, &digest, &digest_size, &extra,
                          &extra_size))
        return NULL;
    if (digest_size != 32 || extra_size != 32) {
        PyErr_SetString(PyExc_ValueError, "digest and extra must have 32 bytes");
        return NULL;
    }
    if (!get_private(&d, key, key_size))
        return NULL;
    num_load(&e, (const u8 *)digest);
    num_reduce_once(&e, 0, &e, &N);
    sign_hedged(rs, (const u8 *)key, &d, &e, (const u8 *)extra);
    wipe(&d, sizeof d);
    return PyBytes_FromStringAndSize((const char *)rs, 64);
}

static PyObject *py_sign_with_nonce(PyObject *self, PyObject *args)
{
    const char *key, *digest, *nonce;
    Py_ssize_t key_size, digest_size, nonce_size;
    num d, e, k;
    u8 rs[64];
    (void)self;
    if (!PyArg_ParseTuple(args, "y#y#y#", &key, &key_size, &digest, &digest_size, &nonce,
                          &nonce_size))
        return NULL;
    if (digest_size != 32) {
        PyErr_SetString(PyExc_ValueError, "digest must have 32 bytes");
        return NULL;
    }
    if (!get_scalar(&k, nonce, nonce_size) || !get_private(&d, key, key_size))
        return NULL;
    num_load(&e, (const u8 *)digest);
    num_reduce_once(&e, 0, &e, &N);
    int good = sign_with(rs, &d, &e, &k);
    wipe(&d, sizeof d);
    wipe(&k, sizeof k);
    if (good)
        return PyBytes_FromStringAndSize((const char *)rs, 64);
    PyErr_SetString(PyExc_ValueError, "this nonce gives no signature");
    return NULL;
}

static PyObject *py_base_multiply(PyObject *self, PyObject *args)
{
    const char *scalar;
    Py_ssize_t size;
    num k;
    projective point;
    u8 out[65];
    (void)self;
    if (!PyArg_ParseTuple(args, "y#", &scalar, &size) || !get_scalar(&k, scalar, size))
        return NULL;
    multiply_base(&point, &k);
    store_point(out, &point); /* never infinity: 1 <= k < n */
    wipe(&k, sizeof k);
    wipe(&point, sizeof point);
    return PyBytes_FromStringAndSize((const char *)out, 65);
}

static PyObject *py_multiply(PyObject *self, PyObject *args)
{
    const char *key, *scalar;
    Py_ssize_t key_size, size;
    num k;
    affine base;
    projective point;
    u8 out[65];
    (void)self;
    if (!PyArg_ParseTuple(args, "y#y#", &key, &key_size, &scalar, &size))
        return NULL;
    if (key_size != 65 || !load_point(&base, (const u8 *)key)) {
        PyErr_SetString(PyExc_ValueError, "not a point of the curve");
        return NULL;
    }
    if (!get_scalar(&k, scalar, size))
        return NULL;
    multiply_point(&point, &k, &base);
    store_point(out, &point); /* never infinity: the point has order n */
    wipe(&k, sizeof k);
    wipe(&point, sizeof point);
    PyObject *result = PyBytes_FromStringAndSize((const char *)out, 65);
    wipe(out, sizeof out);
    return result;
}

static PyMethodDef methods[] = {
    {"make_table", py_make_table, METH_VARARGS,
     "make_table(public_key) -> table or None for a bad key"},
    {"verify", py_verify, METH_VARARGS, "verify(public_key, e, rs, table=None) -> bool"},
    {"verify_many", py_verify_many, METH_VARARGS,
     "verify_many(keys, digests, signatures, tables) -> bytes, one 0 or 1 for each"},
    {"sign", py_sign, METH_VARARGS, "sign(private_key, e, extra) -> r || s"},
    {"sign_with_nonce", py_sign_with_nonce, METH_VARARGS,
     "sign_with_nonce(private_key, e, nonce) -> r || s, for published examples only"},
    {"base_multiply", py_base_multiply, METH_VARARGS, "base_multiply(scalar) -> point"},
    {"multiply", py_multiply, METH_VARARGS, "multiply(public_key, scalar) -> point"},
    {NULL, NULL, 0, NULL},
};

static void build_comb(void)
{
    affine base = {G_X, G_Y};
    jacobian row[COMB_COUNT + 1];
    for (int i = 0; i < COMB_WINDOWS; i++) {
        row[0] = (jacobian){base.x, base.y, FE_ONE};
        for (int j = 1; j < COMB_COUNT; j++)
            point_add_affine(&row[j], &row[j - 1], &base.x, &base.y);
        points_to_affine(g_comb[i], row, COMB_COUNT);
        point_double(&row[COMB_COUNT], &row[COMB_COUNT - 1]); /* 2^6 * base */
        points_to_affine(&base, &row[COMB_COUNT], 1);
    }
}

/* The tables of G, made once for the process (under the interpreter's lock): about 1 ms. */
static int module_exec(PyObject *module)
{
    static int ready = 0;
    (void)module;
    if (!ready) {
        const affine g = {G_X, G_Y};
        jacobian *scratch = PyMem_Malloc(sizeof(jacobian) * PIECES * G_COUNT);
        if (!scratch) {
            PyErr_NoMemory();
            return -1;
        }
        build_pieces(g_odd[0], scratch, &g, G_COUNT);
        PyMem_Free(scratch);
        build_comb();
        ready = 1;
    }
    return 0;
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, (void *)module_exec},
    {0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "elicense.crypto._sm2", "SM2 in C; see elicense.crypto.sm2.", 0, methods,
    slots, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__sm2(void)
{
    return PyModuleDef_Init(&definition);
}
