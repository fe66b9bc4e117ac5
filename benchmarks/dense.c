/* The limit that the benchmarks name "dense C": one perceptron, relu, softmax, AdamW, and nothing that could be left out.

   cc -O3 -march=native -ffast-math -shared -fPIC dense.c

   Widths are padded to whole tiles with zeros, which stay zeros: a padded unit has no weights, hence no gradient. No part
   of the product; nothing is checked. */
#include <math.h>
#include <string.h>

enum { ROWS = 12, TILE = 16, LAYERS = 8, WIDEST = 1024, LARGEST_BATCH = 256 };

typedef float tile __attribute__((vector_size(4 * TILE), aligned(4), may_alias));

static float panel[WIDEST * TILE] __attribute__((aligned(64)));
static float act[LAYERS + 1][LARGEST_BATCH * WIDEST] __attribute__((aligned(64)));
static float back[LAYERS + 1][LARGEST_BATCH * WIDEST] __attribute__((aligned(64)));

/* `rows` rows and one tile of columns of c = a b + bias; a[i, k] is at a[i si + k sk], the tile of b is `panel`. */
static inline __attribute__((always_inline)) void block(int rows, int K, const float *a, long si, long sk,
                                                        const float *bias, float *c, long ldc) {
    tile sum[ROWS], start = bias ? *(const tile *)bias : (tile){0};
#pragma GCC unroll 12
    for (int r = 0; r < rows; r++) sum[r] = start;
    for (int k = 0; k < K; k++) {
        tile b = *(const tile *)(panel + k * TILE);
#pragma GCC unroll 12
        for (int r = 0; r < rows; r++) sum[r] += a[r * si + k * sk] * b;
    }
#pragma GCC unroll 12
    for (int r = 0; r < rows; r++) *(tile *)(c + r * ldc) = sum[r];
}

/* c [M, N] = a [M, K] b [K, N] + bias [N]; b[k, j] is at b[k bk + j bj]; N is a multiple of TILE. */
static void product(int M, int N, int K, const float *a, long si, long sk, const float *b, long bk, long bj,
                    const float *bias, float *c, long ldc) {
    for (int j = 0; j < N; j += TILE) {
        for (int k = 0; k < K; k++)
            for (int t = 0; t < TILE; t++) panel[k * TILE + t] = b[k * bk + (j + t) * bj];
        const float *own = bias ? bias + j : 0;
        int i = 0;
        for (; i + ROWS <= M; i += ROWS) block(ROWS, K, a + i * si, si, sk, own, c + i * ldc + j, ldc);
        for (; i + 4 <= M; i += 4) block(4, K, a + i * si, si, sk, own, c + i * ldc + j, ldc);
        for (; i < M; i++) block(1, K, a + i * si, si, sk, own, c + i * ldc + j, ldc);
    }
}

/* Logits z [n, width] become the gradient of the mean cross entropy; the sum of the losses. */
static double softmax(int n, int classes, int width, float *z, const long *order, const long *y) {
    double loss = 0;
    for (int i = 0; i < n; i++, z += width) {
        float top = z[0], sum = 0;
        for (int j = 1; j < classes; j++) top = z[j] > top ? z[j] : top;
        loss += top - z[y[order[i]]];
        for (int j = 0; j < classes; j++) sum += z[j] = expf(z[j] - top);
        loss += logf(sum);
        for (int j = 0; j < classes; j++) z[j] /= sum * n;
        z[y[order[i]]] -= 1.0f / n;
    }
    return loss;
}

/* An epoch of `steps` batches of n examples. x [examples, widths[0]]; theta, gradient, mean and square hold the weights
   [inputs, width] and the bias of every layer, with padded widths (but for widths[0]). Returns the mean loss. */
double epoch(int layers, const int *widths, int classes, int n, int steps, const float *x, const long *y,
             const long *order, long count, float *theta, float *gradient, float *mean, float *square, long made,
             float rate, float decay) {
    double loss = 0;
    for (int s = 0; s < steps; s++, order += n) {
        for (int i = 0; i < n; i++) memcpy(act[0] + i * widths[0], x + order[i] * widths[0], sizeof(float) * widths[0]);
        float *w[LAYERS], *g[LAYERS], *p = theta, *q = gradient;
        for (int l = 0; l < layers; l++) {
            int inputs = widths[l], width = widths[l + 1];
            w[l] = p, g[l] = q;
            product(n, width, inputs, act[l], inputs, 1, w[l], width, 1, w[l] + inputs * width, act[l + 1], width);
            if (l + 1 < layers)
                for (int i = 0; i < n * width; i++) act[l + 1][i] = act[l + 1][i] > 0 ? act[l + 1][i] : 0;
            p += (inputs + 1) * width, q += (inputs + 1) * width;
        }
        loss += softmax(n, classes, widths[layers], act[layers], order, y);
        for (int l = layers - 1; l >= 0; l--) {
            int inputs = widths[l], width = widths[l + 1];
            float *d = l + 1 == layers ? act[layers] : back[l + 1], *bias = g[l] + inputs * width;
            if (l + 1 == layers)
                for (int i = 0; i < n; i++)
                    for (int j = classes; j < width; j++) d[i * width + j] = 0;
            product(inputs, width, n, act[l], 1, inputs, d, width, 1, 0, g[l], width);
            for (int j = 0; j < width; j++) bias[j] = 0;
            for (int i = 0; i < n; i++)
                for (int j = 0; j < width; j++) bias[j] += d[i * width + j];
            if (!l) continue;
            product(n, inputs, width, d, width, 1, w[l], 1, width, 0, back[l], inputs);
            for (int i = 0; i < n * inputs; i++) back[l][i] = act[l][i] > 0 ? back[l][i] : 0;
        }
        made++;
        float step = rate / (1 - powf(0.9f, made)), root = 1 / sqrtf(1 - powf(0.999f, made)), keep = 1 - rate * decay;
        for (long i = 0; i < count; i++) {
            mean[i] += 0.1f * (gradient[i] - mean[i]);
            square[i] = 0.999f * square[i] + 0.001f * gradient[i] * gradient[i];
            theta[i] = theta[i] * keep - step * mean[i] / (sqrtf(square[i]) * root + 1e-8f);
        }
    }
    return loss / ((double)n * steps);
}
