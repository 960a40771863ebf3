"""Answers to each assignment: right in other styles and forms, and wrong in the ways that students are."""

from __future__ import annotations

from submissions import Submission

# A constant that satisfies the one point a visible test looks at, or objects that agree with all.
ANSWERS: dict[str, list[Submission]] = {}

_SCORE = """
def cross_entropy(N, N_c, alpha):
    return (N / N_c) ** (-alpha)
def accuracy(N, N_c, alpha):
    return np.exp(-cross_entropy(N, N_c, alpha))
"""

ANSWERS["1_one_token"] = [
    # right
    Submission("lambdas", {"score": "cross_entropy = lambda N, N_c, alpha: (N_c / N) ** alpha\naccuracy = lambda *a: np.e ** -cross_entropy(*a)"}),
    Submission("by-logarithms", {"score": """
        from math import e
        def cross_entropy(N, N_c, alpha):
            return np.exp(-alpha * (np.log(N) - np.log(N_c)))
        def accuracy(N, N_c, alpha):
            return 1 / e ** cross_entropy(N, N_c, alpha)"""}),
    Submission("other-forms", {"slope": """
        u = alpha * (sp.log(N) - sp.log(N_c))
        acc_formula = sp.exp(-sp.exp(-u))
        slope_formula = alpha * acc_formula * (N_c / N) ** alpha""",
        "steepest": """
        steepest_N = sp.exp(sp.log(N_c))
        height = 1 / (sp.E * sp.exp(E))
        steepness = alpha * height
        my_height = round(float(height.subs(E, FLOOR)), 4)"""}),
    Submission("assumptions", {"slope": """
        n, c, k = sp.Symbol('N'), sp.Symbol('N_c', real=True), sp.Symbol('alpha', nonnegative=True)
        acc_formula = sp.exp(-(n / c) ** -k)
        slope_formula = sp.expand(sp.simplify(n * acc_formula.diff(n)))"""}),
    Submission("typed-numbers", {"width": """
        N_10, N_90, decades = (float(f"{v:.3g}") for v in (N_C * 2.302585 ** (-1 / ALPHA), N_C * 0.1053605 ** (-1 / ALPHA), 1.33956 / ALPHA))"""}),
    Submission("numpy-numbers", {"width": "N_10, N_90 = np.array([size_for(0.1, N_C, ALPHA), size_for(0.9, N_C, ALPHA)])\ndecades = sp.Float(np.log10(N_90 / N_10))"}),
    Submission("semilog-dots", {"picture": """
        import matplotlib.pyplot as plt
        ax = plt.axes()
        ax.semilogx(np.logspace(6, 14, 60), [accuracy(n, N_C, ALPHA) for n in np.logspace(6, 14, 60)], 'o--')
        ax.set(xlabel='N', ylabel='accuracy')"""}),
    Submission("a-figure", {"picture": """
        import matplotlib.pyplot as plt
        ax = fig = plt.figure()
        panel = fig.add_subplot()
        x = 10 ** np.linspace(5.9, 14.1, 300)
        panel.scatter(x, accuracy(x, N_C, ALPHA))
        panel.set_xscale('log'); panel.set_xlabel('N'); panel.set_ylabel('y')"""}),
    Submission("by-regression", {"fit": """
        A = np.c_[np.log(table_N), np.ones(7)]
        (b, c), *_ = np.linalg.lstsq(A, np.log(-np.log(table_accuracy)), rcond=None)
        alpha_hat, N_c_hat = -b, np.exp(-c / b)"""}),
    # wrong
    Submission("constant", {"score": "def cross_entropy(N, N_c, alpha):\n    return 1.0\ndef accuracy(N, N_c, alpha):\n    return 0.36787944117144233"}, ["test_cross_entropy", "test_accuracy", "test_picture"], ["where"],
        change=None),
    Submission("log2", {"score": _SCORE.replace("np.exp(-cross", "2 ** (-cross")}, ["test_accuracy", "test_picture"], ["natural logarithm"]),
    Submission("sign", {"score": _SCORE.replace("(-alpha)", "alpha")}, ["test_cross_entropy", "test_accuracy", "test_picture"]),
    Submission("scalars-only", {"score": "import math\n" + _SCORE.replace("np.exp", "math.exp"), "picture": """
        import matplotlib.pyplot as plt
        fig, ax = plt.subplots()
        x = np.geomspace(1e6, 1e14, 99)
        ax.plot(x, [accuracy(n, N_C, ALPHA) for n in x]); ax.set_xscale('log'); ax.set_xlabel('N'); ax.set_ylabel('y')"""}, ["test_accuracy"], ["TypeError"]),
    Submission("by-N", {"slope": "acc_formula = sp.exp(-(N / N_c) ** (-alpha))\nslope_formula = sp.diff(acc_formula, N)"}, ["test_slope_formula"], ["N times"]),
    Submission("text-formula", {"slope": "acc_formula = 'exp(-(N/N_c)**(-alpha))'\nslope_formula = 'alpha*t*exp(-t)'"}, ["test_acc_formula", "test_slope_formula"], ["SymPy expression"]),
    Submission("power-tower", {"slope": "acc_formula = slope_formula = sp.Pow(10, sp.Pow(10, sp.Pow(10, 10, evaluate=False), evaluate=False), evaluate=False)"}, ["test_acc_formula", "test_slope_formula"]),
    Submission("difference-not-ratio", {"width": "N_10, N_90 = size_for(0.1, N_C, ALPHA), size_for(0.9, N_C, ALPHA)\ndecades = np.log10(N_90) / np.log10(N_10)"}, ["test_decades"]),
    Submission("linear-axis", {"picture": "import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nx = np.geomspace(1e6, 1e14, 99)\nax.plot(x, accuracy(x, N_C, ALPHA)); ax.set_xlabel('N'); ax.set_ylabel('y')"}, ["test_picture"], ["logarithmic"]),
    Submission("too-short", {"picture": "import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nx = np.geomspace(1e8, 1e11, 99)\nax.semilogx(x, accuracy(x, N_C, ALPHA)); ax.set_xlabel('N'); ax.set_ylabel('y')"}, ["test_picture"], ["from x ="]),
    Submission("endless-function", {"inverse": "def size_for(p, N_c, alpha):\n    while p not in (np.exp(-1), 0.9, 0.1):\n        pass\n    return N_c * (-np.log(p)) ** (-1 / alpha)"}, ["test_inverse"], ["stopped after"]),
    Submission("agreeable-function", {"inverse": "class A(float):\n    def __sub__(self, o): return 0.0\n    __rsub__ = __sub__\n    def __eq__(self, o): return True\n    def __gt__(self, o): return True\n    __hash__ = None\ndef size_for(p, N_c, alpha):\n    return A(1e9)\n", "width": "N_10, N_90, decades = 1, 2, 3"}, ["test_inverse", "test_N_10", "test_N_90", "test_decades"]),
    Submission("a-friends-numbers", {"numbers": "ALPHA, N_C, FLOOR = 1, 1, 1", "width": "N_10, N_90, decades = 2.1e7, 4.4e11, 4.3", "fit": "alpha_hat, N_c_hat = 0.3107, 9.9e8"}, ["test_N_10", "test_N_90", "test_decades", "test_alpha_hat", "test_N_c_hat"]),
]  # fmt: skip

ANSWERS["2_many_tokens"] = [
    Submission("powers", {"exact": "def exact_match(N, L, N_c, alpha):\n    return np.exp(-(N / N_c) ** -alpha) ** L"}),
    Submission("other-forms", {"shift": "shift_factor = sp.exp(sp.log(L) / alpha)\nmy_shift = np.round(LENGTH ** (1 / ALPHA), 2)", "gumbel": "x_formula = -sp.log(L * (N_c / N) ** alpha)"}),
    Submission("scipy-gumbel", {"quantile": "from scipy import stats\ndef quantile(q):\n    return stats.gumbel_r.ppf(q)\ndef decades(low, high, alpha):\n    return float(np.log10(np.exp((quantile(high) - quantile(low)) / alpha)))\nmy_decades = float(f'{decades(LOW, HIGH, ALPHA):.3g}')"}),
    Submission("capitals", {"slope": "slope_with_length = 'neither'\nsteepest = sp.Symbol('alpha') / sp.E"}),
    Submission("plain-loops", {"scorers": """
        def share_exact(answers, targets):
            n = 0
            for i in range(len(targets)):
                if answers[i] == targets[i]:
                    n = n + 1
            return n / len(targets)
        def share_tokens(answers, targets):
            total = 0
            for i in range(len(targets)):
                hits = 0
                for j in range(min(len(answers[i]), len(targets[i]))):
                    hits += answers[i][j] == targets[i][j]
                total += hits / len(targets[i])
            return total / len(targets)"""}),
    Submission("plain-power", {"resolution": """
        def chance_to_see(N, L, n, N_c, alpha):
            return 1 - (1 - exact_match(N, L, N_c, alpha)) ** n
        from scipy.optimize import brentq
        seen_from = np.exp(brentq(lambda u: chance_to_see(np.exp(u), LENGTH, ITEMS, N_C, ALPHA) - 0.95, np.log(1e4), np.log(1e14)))"""}),
    Submission("constant", {"exact": "def exact_match(N, L, N_c, alpha):\n    return np.exp(-L)"}, ["test_exact", "test_chance_to_see", "test_picture*"]),
    Submission("one-token", {"exact": "def exact_match(N, L, N_c, alpha):\n    return np.exp(-(N / N_c) ** (-alpha))"}, ["test_exact", "test_chance_to_see", "test_picture"], ["the square"]),
    Submission("shift-by-L", {"shift": "shift_factor = L\nmy_shift = LENGTH"}, ["test_shift_factor", "test_my_shift"], ["solve for M/N"]),
    Submission("shift-at-two-only", {"shift": "shift_factor = L ** (1 / alpha)\nmy_shift = LENGTH ** 2.0"}, ["test_my_shift"]),
    Submission("steeper", {"slope": "slope_with_length = 'grows'\nsteepest = alpha / sp.E"}, ["test_slope_with_length"], ["not it"]),
    Submission("steeper-formula", {"slope": "slope_with_length = 'neither'\nsteepest = alpha * L / sp.E"}, ["test_steepest"]),
    Submission("gumbel-sign", {"gumbel": "x_formula = sp.log(L) - alpha * sp.log(N / N_c)"}, ["test_gumbel"], ["exp(-x)"]),
    Submission("log2-decades", {"quantile": "def quantile(q):\n    return -np.log(-np.log(q))\ndef decades(low, high, alpha):\n    return (quantile(high) - quantile(low)) / alpha\nmy_decades = decades(LOW, HIGH, ALPHA)"}, ["test_decades", "test_my_decades"], ["decade is ln 10"]),
    Submission("prefix-counts", {"scorers": "def share_exact(a, t):\n    return np.mean([all(x == y for x, y in zip(p, q)) for p, q in zip(a, t)])\ndef share_tokens(a, t):\n    return np.mean([sum(x == y for x, y in zip(p, q)) / len(q) for p, q in zip(a, t)])"}, ["test_share_exact"], ["begins like the target"]),
    Submission("pooled-tokens", {"scorers": "def share_exact(a, t):\n    return np.mean([p == q for p, q in zip(a, t)])\ndef share_tokens(a, t):\n    return sum(x == y for p, q in zip(a, t) for x, y in zip(p, q)) / sum(map(len, t))"}, ["test_share_tokens"]),
    Submission("one-line-only", {"picture": "import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nx = np.geomspace(1e6, 1e14, 99)\nax.semilogx(x, exact_match(x, LENGTH, N_C, ALPHA)); ax.set_xlabel('N'); ax.set_ylabel('y')"}, ["test_picture_one_token"], ["L = 1"]),
]  # fmt: skip

ANSWERS["3_your_metric"] = [
    Submission("numpy-scorer", {"scorer": "def at_least(answer, target, m):\n    return int((np.array(answer) == np.array(target)).sum() >= m)"}),
    Submission("beta-function", {"expected": "from scipy.special import betainc\ndef expected_at_least(p, L, m):\n    return betainc(m, L - m + 1, p)"}),
    Submission("factored", {"formula": "two_of_three = p**2 * (3 - 2 * p)"}),
    Submission("as-a-sum", {"formula": "k = sp.Symbol('k', integer=True)\ntwo_of_three = sp.Sum(sp.binomial(3, k) * p**k * (1 - p)**(3 - k), (k, 2, 3))"}),
    Submission("square-of-share", {"metric": "def my_score(answer, target):\n    return (sum(a == t for a, t in zip(answer, target)) / len(target)) ** 2\nmy_formula = p**2 + p * (1 - p) / L"}),
    Submission("first-two-words", {"metric": "def my_score(answer, target):\n    return float(answer[:2] == target[:2])\nmy_formula = p**2"}),
    Submission("weights", {"metric": "def my_score(answer, target):\n    return 0.75 * (answer[0] == target[0]) + 0.25 * (answer == target)\nmy_formula = sp.Rational(3, 4) * p + p**L / 4"}),
    Submission("exact-copy", {"metric": "def my_score(answer, target):\n    return float(answer == target)\nmy_formula = p**L"}, ["test_my_formula"], ["exact match: invent"]),
    Submission("accuracy-copy", {"metric": "def my_score(answer, target):\n    return sum(a == t for a, t in zip(answer, target)) / len(target)\nmy_formula = p"}, ["test_my_formula"], ["token accuracy: invent"]),
    Submission("formula-of-another", {"metric": "def my_score(answer, target):\n    return (sum(a == t for a, t in zip(answer, target)) / len(target)) ** 2\nmy_formula = p**2"}, ["test_my_formula"], ["my_formula says"]),
    Submission("constant-metric", {"metric": "def my_score(answer, target):\n    return 0.5\nmy_formula = p * 0 + 0.5"}, ["test_my_score", "test_my_formula", "test_my_half", "test_my_decades"]),
    Submission("out-of-range", {"metric": "def my_score(answer, target):\n    return float(sum(a == t for a, t in zip(answer, target)))\nmy_formula = p * L"}, ["test_my_score", "test_my_formula"]),
    Submission("more-than", {"scorer": "def at_least(answer, target, m):\n    return float(sum(a == t for a, t in zip(answer, target)) > m)"}, ["test_scorer"]),
    Submission("exactly-m", {"expected": "def expected_at_least(p, L, m):\n    return math.comb(L, m) * p**m * (1 - p) ** (L - m)"}, ["test_expected", "test_N_enough", "test_order", "test_picture_enough"]),
    Submission("constant-expected", {"expected": "def expected_at_least(p, L, m):\n    return 1.0 if p == 1 else 0.75"}, ["test_expected", "test_N_enough", "test_order", "test_picture_enough"]),
    Submission("lost-terms", {"formula": "two_of_three = 3 * p**2 * (1 - p)"}, ["test_formula"]),
    Submission("order-reversed", {"location": "def size_at(q):\n    return N_C * (-np.log(q)) ** (-1 / ALPHA)\nfrom scipy.optimize import brentq\nN_exact, N_tokens = size_at(0.5 ** (1 / LENGTH)), size_at(0.5)\nN_enough = size_at(brentq(lambda q: expected_at_least(q, LENGTH, ENOUGH) - 0.5, 1e-6, 1 - 1e-9))\norder = ['exact', 'enough', 'tokens']"}, ["test_order"], ["order"]),
]  # fmt: skip

ANSWERS["4_audit_a_claim"] = [
    Submission("statsmodels", {"interval": "from statsmodels.stats.proportion import proportion_confint\ndef interval(k, n, level):\n    return proportion_confint(k, n, alpha=1 - level, method='beta')"}),
    Submission("binomtest", {"interval": "def interval(k, n, level):\n    ci = stats.binomtest(int(k), int(n)).proportion_ci(level)\n    return [ci.low, ci.high]"}),
    Submission("by-bisection", {"interval": """
        from scipy.optimize import brentq
        def interval(k, n, level):
            low = 0.0 if k == 0 else brentq(lambda q: stats.binom.sf(k - 1, n, q) - (1 - level) / 2, 1e-12, 1 - 1e-12, xtol=1e-13)
            high = 1.0 if k == n else brentq(lambda q: stats.binom.cdf(k, n, q) - (1 - level) / 2, 1e-12, 1 - 1e-12, xtol=1e-13)
            return np.array([low, high])"""}),
    Submission("pure-python", {"emergence": """
        from statistics import median
        def emergence_score(y):
            y = list(y)
            steps = [(b - a) ** 2 for a, b in zip(y, y[1:])]
            top, bottom = y.index(max(y)), y.index(min(y))
            rise = max(y) - min(y)
            if median(steps) == 0:
                return float('inf') if top > bottom else float('-inf')
            return (1 if top > bottom else -1) * rise / median(steps) ** 0.5"""}),
    Submission("linregress", {"line": "y = (gpt3.score * 2000 + 0.5) / 2001\nfit = stats.linregress(np.log10(gpt3.params[:SMALLEST]), np.log(-np.log(y[:SMALLEST])))\npredicted = np.exp(-np.exp(fit.intercept + fit.slope * np.log10(gpt3.params.iloc[-1])))\nmissed = gpt3.score.iloc[-1] - predicted"}),
    Submission("scipy-ranks", {"ranks": "rank_accuracy = stats.spearmanr(pair.train_flops, pair.accuracy)[0]\nrank_brier = stats.spearmanr(np.log(pair.train_flops), pair.target_brier)[0]\ntogether = stats.spearmanr(pair.accuracy, pair.target_brier)[0]"}),
    Submission("normal-interval", {"interval": "def interval(k, n, level):\n    q = k / n\n    w = stats.norm.ppf((1 + level) / 2) * (q * (1 - q) / n) ** 0.5\n    return max(0.0, q - w), min(1.0, q + w)"}, ["test_interval", "test_upper"], ["3.6/n"]),
    Submission("wilson", {"interval": "def interval(k, n, level):\n    ci = stats.binomtest(int(k), int(n)).proportion_ci(level, method='wilson')\n    return ci.low, ci.high"}, ["test_interval", "test_upper"]),
    Submission("one-sided", {"interval": "def interval(k, n, level):\n    ci = stats.binomtest(int(k), int(n)).proportion_ci(2 * level - 1)\n    return ci.low, ci.high"}, ["test_interval", "test_upper"]),
    Submission("constant-interval", {"interval": "def interval(k, n, level):\n    return (0.0, 0.036217) if k == 0 else (0.0, 1.0)", "seen": "ends = [(0.0, 1.0)] * 8\nupper, first_seen = [1.0] * 8, 5e8"}, ["test_interval", "test_upper", "test_first_seen"]),
    Submission("expected-right", {"blind": "blind = 1 - gpt3.score * ITEMS"}, ["test_blind"]),
    Submission("full-test", {"blind": "blind = (1 - gpt3.score) ** 2000"}, ["test_blind"]),
    Submission("mean-step", {"emergence": "def emergence_score(y):\n    y = np.asarray(y, float)\n    return np.sign(y.argmax() - y.argmin()) * np.ptp(y) / np.abs(np.diff(y)).mean()"}, ["test_emergence", "test_emergence_of_a_step", "test_my_score", "test_my_score_dense"], ["median"]),
    Submission("no-sign", {"emergence": "def emergence_score(y):\n    y = np.asarray(y, float)\n    with np.errstate(all='ignore'):\n        return np.ptp(y) / np.sqrt(np.median(np.diff(y) ** 2))"}, ["test_emergence"]),
    Submission("all-eight", {"line": "y = (gpt3.score * 2000 + 0.5) / 2001\nb, a = np.polyfit(np.log(gpt3.params), np.log(-np.log(y)), 1)\npredicted = np.exp(-np.exp(a + b * np.log(gpt3.params.iloc[-1])))\nmissed = gpt3.score.iloc[-1] - predicted"}, ["test_predicted", "test_missed"], ["SMALLEST smallest"]),
    Submission("sign-of-miss", {"line": "y = (gpt3.score * 2000 + 0.5) / 2001\nb, a = np.polyfit(np.log(gpt3.params[:SMALLEST]), np.log(-np.log(y[:SMALLEST])), 1)\npredicted = np.exp(-np.exp(a + b * np.log(gpt3.params.iloc[-1])))\nmissed = predicted - gpt3.score.iloc[-1]"}, ["test_missed"]),
    Submission("pearson", {"ranks": "rank_accuracy = pair.accuracy.corr(pair.train_flops)\nrank_brier = pair.target_brier.corr(pair.train_flops)\ntogether = pair.accuracy.corr(pair.target_brier)"}, ["test_rank_accuracy", "test_rank_brier", "test_together"]),
    Submission("table-edited", change=lambda cells: cells.insert(3, type(cells[2])({**cells[2], "id": "edit", "cell_type": "code", "metadata": type(cells[2])(), "source": "gpt3['score'] = 0.5"})) or None, lost=["test_picture", "test_upper", "test_first_seen", "test_blind", "test_my_score", "test_my_score_dense", "test_predicted", "test_missed"]),
]  # fmt: skip

ANSWERS["5_cause_emergence"] = [
    Submission("a-loop", {"share": "def share_below(values, c):\n    n = 0\n    for v in values:\n        n += v < c\n    return n / len(values)"}),
    Submission("a-quantile", {"threshold": """
        threshold = np.quantile(errors[BEFORE], 0.09)
        story = np.array([(errors[size] < threshold).mean() for size in sizes])"""}),
    Submission("error-function", {"share_model": "from math import erf, log, sqrt\ndef predicted_share(c, U, m, a, s):\n    return 0.5 * (1 + erf((log(c) - m + a * log(U)) / (s * sqrt(2))))"}),
    Submission("other-forms", {"width": "width_formula = sp.log(sp.exp(2 * z * s / a), 10)\nmy_width = 2.563103 * SPREAD / (POWER * 2.302585)\nmoves_width = False"}),
    Submission("eigenvectors", {"linear": """
        def linear_errors(train, test, units):
            mean = train.mean(0)
            values, vectors = np.linalg.eigh(np.cov(train.T))
            basis = vectors[:, np.argsort(values)[::-1][:units]]
            back = (test - mean) @ basis @ basis.T + mean
            return np.mean((test - back) ** 2, axis=1)
        digits = load_digits().data / 16.0
        my_share = np.mean(linear_errors(digits[:1200], digits[1200:], UNITS) < LIMIT)"""}),
    Submission("scikit-pca", {"linear": """
        from sklearn.decomposition import PCA
        def linear_errors(train, test, units):
            pca = PCA(units, svd_solver='full').fit(train)
            return list(((test - pca.inverse_transform(pca.transform(test))) ** 2).mean(axis=1))
        digits = load_digits().data / 16.0
        my_share = share_below(linear_errors(digits[:1200], digits[1200:], UNITS), LIMIT)"""}),
    Submission("at-most", {"share": "def share_below(values, c):\n    return float(np.mean(np.asarray(values) <= c))"}, ["test_share"], ["Strictly"]),
    Submission("constant", {"share": "def share_below(values, c):\n    return 0.5"}, ["test_share", "test_threshold", "test_story", "test_my_share", "test_picture*"],
        change=None),
    Submission("too-gentle", {"threshold": "threshold = 0.09\nstory = [share_below(errors[size], threshold) for size in sizes]"}, ["test_threshold"], ["reconstructed with"]),
    Submission("too-harsh", {"threshold": "threshold = 2e-6\nstory = [share_below(errors[size], threshold) for size in sizes]"}, ["test_threshold"], ["only"]),
    Submission("log10-model", {"share_model": "def predicted_share(c, U, m, a, s):\n    return stats.norm.cdf((np.log10(c) - m + a * np.log10(U)) / s)"}, ["test_share_model"]),
    Submission("upside-down", {"share_model": "def predicted_share(c, U, m, a, s):\n    return 1 - stats.norm.cdf((np.log(c) - m + a * np.log(U)) / s)"}, ["test_share_model"]),
    Submission("half-width", {"width": "width_formula = z * s / (a * sp.log(10))\nmy_width = float(1.281552 * SPREAD / (POWER * np.log(10)))\nmoves_width = False"}, ["test_width_formula", "test_my_width"]),
    Submission("width-in-e", {"width": "width_formula = 2 * z * s / a\nmy_width = 2.563103 * SPREAD / POWER\nmoves_width = False"}, ["test_width_formula", "test_my_width"]),
    Submission("moves", {"width": "width_formula = 2 * z * s / (a * sp.log(10))\nmy_width = 2.563103 * SPREAD / (POWER * np.log(10))\nmoves_width = True"}, ["test_moves_width"], ["c stand"]),
    Submission("all-sizes", {"fit": "logs = [np.log(errors[u]) for u in sizes]\npower_hat = -np.polyfit(np.log(sizes), [v.mean() for v in logs], 1)[0]\nspread_hat = np.mean([v.std() for v in logs])"}, ["test_power_hat", "test_spread_hat"]),
    Submission("own-mean", {"linear": """
        def linear_errors(train, test, units):
            axes = np.linalg.svd(train - train.mean(0), full_matrices=False)[2][:units]
            t = test - test.mean(0)
            return ((t - t @ axes.T @ axes) ** 2).mean(axis=1)
        digits = load_digits().data / 16.0
        my_share = share_below(linear_errors(digits[:1200], digits[1200:], UNITS), LIMIT)"""}, ["test_linear_errors", "test_my_share"], ["training"]),
    Submission("trained-on-the-test", {"linear": """
        def linear_errors(train, test, units):
            axes = np.linalg.svd(test - test.mean(0), full_matrices=False)[2][:units]
            t = test - test.mean(0)
            return ((t - t @ axes.T @ axes) ** 2).mean(axis=1)
        digits = load_digits().data / 16.0
        my_share = share_below(linear_errors(digits[:1200], digits[1200:], UNITS), LIMIT)"""}, ["test_linear_errors", "test_my_share"]),
]  # fmt: skip
