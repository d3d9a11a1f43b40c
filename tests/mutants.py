"""One-line faults, each put into a copy of the project and looked for by the tests named beside it.

python -m tests.mutants            all of them, two at a time; a survivor fails the command
python -m tests.mutants NAME …     those whose name contains one of these words
"""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import Queue

ROOT = Path(__file__).parent.parent
COPIED = ("data_tools", "hanzi_lsgan", "configs", "tests", "examples", "pyproject.toml")
WORKERS = 2
SECONDS = 300  # after which a fault counts as found: it has made a test hang

OBJECTIVE = "tests/training/test_objective.py"
STEP = "tests/training/test_objective.py::test_a_step_is_what_the_papers_say"
WASSERSTEIN = f"{OBJECTIVE} -k wasserstein"
LATENTS = f"{OBJECTIVE} -k latents_follow"
BY_HAND = "tests/test_losses.py"
KINDS = "tests/training/test_kinds.py"


@dataclass(frozen=True)
class Mutant:
    """A fault of one line.

    Attributes:
        name: what is wrong.
        file: where.
        old: the text that is replaced, which stands there exactly once.
        new: what replaces it.
        tests: arguments of pytest that find it.
    """

    name: str
    file: str
    old: str
    new: str
    tests: str


LOSSES = "hanzi_lsgan/losses.py"
THEORY = "tests/papers/test_theory.py -k 'by_hand or right_directions'"
TRAINING_STEP = "hanzi_lsgan/training/step.py"
BATCHES = "hanzi_lsgan/batches.py"
METRICS = "hanzi_lsgan/judging/metrics.py"
GNT = "data_tools/hwdb/gnt.py"
CHECKSUMS = "hanzi_lsgan/runs/checksums.py"
WRONG_LABELS = "hanzi_lsgan/training/wrong_labels.py"
RESUMED = "tests/training/test_training.py -k 'resumed_run_equals and no-memory'"

MUTANTS = (
    # The objective
    Mutant(
        "real label b too large",
        LOSSES,
        "(real_scores - self.b)",
        "(real_scores - 1.1 * self.b)",
        STEP,
    ),
    Mutant("sign of a", LOSSES, "(scores - self.a)", "(scores + self.a)", THEORY),
    Mutant("G takes b for c", LOSSES, "(fake_scores - self.c)", "(fake_scores - self.b)", THEORY),
    Mutant(
        "D without ½",
        LOSSES,
        "return 0.5 * real + self.refusal",
        "return real + self.refusal",
        STEP,
    ),
    Mutant(
        "label smoothing of the scheme 0,1,1",
        LOSSES,
        "LeastSquares(a=0.0, b=1.0, c=1.0)",
        "LeastSquares(a=0.0, b=0.9, c=1.0)",
        BY_HAND,
    ),
    Mutant(
        "Pearson's c",
        LOSSES,
        "LeastSquares(a=-1.0, b=1.0, c=0.0)",
        "LeastSquares(a=-1.0, b=1.0, c=1.0)",
        THEORY,
    ),
    Mutant(
        "R1 of images instead of packs",
        LOSSES,
        "gradients.square().sum() / len(real_scores)",
        "gradients.square().sum() / len(real_images)",
        STEP,
    ),
    Mutant(
        "scheme 0,1,1 with a = 0.1",
        LOSSES,
        "LeastSquares(a=0.0, b=1.0",
        "LeastSquares(a=0.1, b=1.0",
        THEORY,
    ),
    Mutant(
        "G's sign turned",
        LOSSES,
        "return 0.5 * (fake_scores - self.c)",
        "return -0.5 * (fake_scores - self.c)",
        THEORY,
    ),
    Mutant(
        "G without ½",
        LOSSES,
        "return 0.5 * (fake_scores - self.c)",
        "return (fake_scores - self.c)",
        STEP,
    ),
    Mutant(
        "sign of minimax's D",
        LOSSES,
        "return F.softplus(-real_scores)",
        "return F.softplus(real_scores)",
        THEORY,
    ),
    Mutant(
        "sign of minimax's G",
        LOSSES,
        "return -F.softplus(fake_scores)",
        "return F.softplus(fake_scores)",
        THEORY,
    ),
    Mutant(
        "sign of the non-saturating G",
        LOSSES,
        "return F.softplus(-fake_scores)",
        "return F.softplus(fake_scores)",
        THEORY,
    ),
    Mutant(
        "sign of Wasserstein's D",
        LOSSES,
        "return -real_scores.mean()",
        "return real_scores.mean()",
        THEORY,
    ),
    Mutant(
        "sign of Wasserstein's G",
        LOSSES,
        "return -fake_scores.mean()",
        "return fake_scores.mean()",
        THEORY,
    ),
    Mutant(
        "gradient penalty wants a slope of 0",
        LOSSES,
        "(norms - 1)",
        "norms",
        "tests/papers/test_gradients.py -k its_own_points",
    ),
    Mutant(
        "a share of its own for each image of a pack",
        LOSSES,
        "shares.repeat_interleave(",
        "shares.repeat(",
        f"{BY_HAND} -k share_a_place",
    ),
    Mutant(
        "readable characters are pushed on",
        LOSSES,
        "(surprise - _EVEN_ODDS)",
        "surprise",
        "tests/training/test_teacher.py -k even_odds",
    ),
    # The step
    Mutant(
        "penalty without r1_every",
        TRAINING_STEP,
        "objective.r1_gamma / 2 * objective.r1_every *",
        "objective.r1_gamma / 2 *",
        STEP,
    ),
    Mutant(
        "penalty in every step",
        TRAINING_STEP,
        "self.step % objective.r1_every == 0",
        "self.step % 1 == 0",
        STEP,
    ),
    Mutant(
        "penalty without ½", TRAINING_STEP, "objective.r1_gamma / 2 *", "objective.r1_gamma *", STEP
    ),
    Mutant(
        "wrong-label term not added",
        TRAINING_STEP,
        'total = total + objective.wrong_label_weight * values["wrong_label_loss"]',
        "total = total + 0",
        STEP,
    ),
    Mutant(
        "weight of wrong labels fixed at 1",
        TRAINING_STEP,
        "objective.wrong_label_weight * values",
        "1.0 * values",
        STEP,
    ),
    Mutant(
        "averaging ramp 0.05 to 0.5", TRAINING_STEP, "_EMA_RAMP = 0.05", "_EMA_RAMP = 0.5", STEP
    ),
    Mutant(
        "half-life ignored",
        TRAINING_STEP,
        "min(settings.ema_half_life_kimg * 1000, self.images * _EMA_RAMP)",
        "self.images * _EMA_RAMP",
        STEP,
    ),
    Mutant(
        "the same latents every step",
        TRAINING_STEP,
        "mix_seed(settings.seed, self.step)",
        "mix_seed(settings.seed, 0)",
        LATENTS,
    ),
    Mutant(
        "latents of no seed",
        TRAINING_STEP,
        "mix_seed(settings.seed, self.step)",
        "mix_seed(0, self.step)",
        LATENTS,
    ),
    Mutant("rates do not fall", TRAINING_STEP, "rate * max(0.0, share)", "rate", STEP),
    Mutant(
        "rates swapped",
        TRAINING_STEP,
        "(self._discriminator_optimizer, settings.discriminator_learning_rate),",
        "(self._discriminator_optimizer, settings.generator_learning_rate),",
        STEP,
    ),
    Mutant(
        "D sees no generated images",
        TRAINING_STEP,
        "seen.detach()]), labels, *wrong)",
        "real]), labels, *wrong)",
        STEP,
    ),
    Mutant(
        "wrong labels may be right",
        WRONG_LABELS,
        "(labels + 1 + ",
        "(labels + ",
        STEP,
    ),
    Mutant(
        "wrong labels by any kind",
        TRAINING_STEP,
        "wrong * self._kinds + packs % self._kinds",
        "wrong * self._kinds",
        f"{KINDS} -k wrong_labels_are",
    ),
    Mutant(
        "a checkpoint is scored by hands of another kind",
        "hanzi_lsgan/judging/checkpoint_score.py",
        "latents = draw_latents(generator, count, _SEED)",
        "generator.label_embedding.drawn_kind = 0; "
        "latents = draw_latents(generator, count, _SEED); "
        "generator.label_embedding.drawn_kind = kind",
        f"{KINDS} -k checkpoint_is_scored",
    ),
    Mutant(
        "a teacher reads the kind",
        TRAINING_STEP,
        "reading_losses(logits, labels // self._kinds)",
        "reading_losses(logits, labels)",
        f"{KINDS} -k teacher_reads",
    ),
    Mutant(
        "kinds prefer the hands that cost most",
        "hanzi_lsgan/losses.py",
        "(losses - usual).detach() * log_probabilities",
        "(usual - losses).detach() * log_probabilities",
        KINDS,
    ),
    Mutant(
        "what is usual is known of one process alone",
        "hanzi_lsgan/training/processes.py",
        "            dist.all_reduce(values)\n        return values",
        "            pass\n        return values",
        "tests/training/test_processes.py -k choices",
    ),
    Mutant(
        "a choice knows nothing of what cannot be read",
        TRAINING_STEP,
        "objective.reading_weight * _packs_of",
        "0 * _packs_of",
        KINDS,
    ),
    Mutant(
        "a hand is learned from all writers",
        "data_tools/store/writers.py",
        "np.isin(store.writers, writer.sources)",
        "store.writers >= 0",
        "tests/store/test_writers.py",
    ),
    Mutant(
        "the surer a discriminator, the less it is varied",
        "hanzi_lsgan/training/augmentation.py",
        "step if sureness > self._target else -step",
        "-step if sureness > self._target else step",
        "tests/training/test_augmentation.py",
    ),
    Mutant(
        "only real images are varied",
        TRAINING_STEP,
        "real, seen = self._varied(real), self._varied(fake)",
        "real, seen = self._varied(real), fake",
        "tests/training/test_augmentation.py",
    ),
    Mutant(
        "a resumed run varies nothing",
        TRAINING_STEP,
        'self._augmentation.share = float(state["varied_share"])',
        "pass",
        "tests/training/test_augmentation.py",
    ),
    Mutant(
        "all of a mixed store is called font-drawn",
        "data_tools/store/reader.py",
        "if not kind or kind not in self.kinds or not self.header.font_drawn:",
        "if True:",
        f"{KINDS} -k not_called_font_drawn",
    ),
    Mutant(
        "kinds have the shares of their classes",
        BATCHES,
        "counts.sum() / present.any(axis=0).sum() / np.maximum(present.sum(axis=0), 1)",
        "counts.sum() / np.full(counts.shape[1], present.sum())",
        f"{KINDS} -k equal_shares",
    ),
    Mutant(
        "labels do not say the kind",
        BATCHES,
        "store.labels * kinds + store.row_kinds",
        "store.labels * kinds",
        f"{KINDS} -k equal_shares",
    ),
    Mutant(
        "always the first kind is drawn",
        "hanzi_lsgan/models/label_embedding.py",
        "torch.full_like(labels, self.drawn_kind)",
        "torch.zeros_like(labels)",
        f"{KINDS} -k adds_its_vector",
    ),
    Mutant(
        "older weights know all hands",
        "hanzi_lsgan/recipe.py",
        "hands: int = Field(FIRST_HANDS,",
        "hands: int = Field(len(HANDS),",
        "tests/test_recipe.py -k do_not_say_how_many_hands",
    ),
    Mutant(
        "known strokes run backwards",
        "data_tools/fonts/strokes.py",
        "_smooth(stroke * EM_PIXELS)",
        "_smooth(stroke[::-1] * EM_PIXELS)",
        "tests/fonts/test_known_strokes.py -k run_as_they_are_written",
    ),
    Mutant(
        "the first writers write everything",
        "data_tools/fonts/corpus.py",
        "permutation(len(able))",
        "permutation(1)",
        "tests/fonts/test_corpus.py -k as_many_as_asked",
    ),
    Mutant(
        "strokes stray together or not at all",
        "data_tools/fonts/pen.py",
        "shift = rng.normal(0, 0.023 * pen.straying * EM_PIXELS, 2)",
        "shift = np.zeros(2)",
        "tests/fonts/test_pen.py -k stray_each",
    ),
    Mutant(
        "the worst of several is kept",
        "hanzi_lsgan/drawing/best_of.py",
        "own.argmax(axis=1)",
        "own.argmin(axis=1)",
        "tests/drawing/test_best_of.py -k read_best",
    ),
    Mutant(
        "no root of n in the projection",
        "hanzi_lsgan/models/projection.py",
        "+ projection / features.shape[1] ** 0.5",
        "+ projection",
        "tests/models/test_models.py -k root_of_its_length",
    ),
    Mutant(
        "G's images not centred",
        "hanzi_lsgan/drawing/images.py",
        "* ((high - low) / 255) + low",
        "* ((high - low) / 255)",
        STEP,
    ),
    Mutant(
        "gradient penalty without its weight",
        TRAINING_STEP,
        'objective.gradient_penalty_weight * values["gradient_penalty"]',
        'values["gradient_penalty"]',
        WASSERSTEIN,
    ),
    Mutant(
        "G learns in the first of D's steps",
        TRAINING_STEP,
        "(self.step + 1) % settings.discriminator_steps",
        "self.step % settings.discriminator_steps",
        WASSERSTEIN,
    ),
    Mutant(
        "Adam remembers gradients",
        TRAINING_STEP,
        "(settings.adam_beta1, settings.adam_beta2)",
        "(0.5, settings.adam_beta2)",
        STEP,
    ),
    Mutant(
        "wrong labels are always near",
        WRONG_LABELS,
        "_NEAR_SHARE = 0.5",
        "_NEAR_SHARE = 1.0",
        "tests/training/test_wrong_labels.py -k half_of_the_wrong",
    ),
    Mutant(
        "a character is its own neighbour",
        WRONG_LABELS,
        "own] = torch.inf",
        "own] = 0",
        "tests/training/test_wrong_labels.py -k half_of_the_wrong",
    ),
    Mutant(
        "conditional scale around 0",
        "hanzi_lsgan/models/layers.py",
        "self.norm(images), 1 + scale)",
        "self.norm(images), scale)",
        "tests/models/test_models.py -k conditional_batch_norm",
    ),
    Mutant(
        "statistics of processes lose what is between them",
        "hanzi_lsgan/models/layers.py",
        " + (means - mean).square().mean(dim=0)",
        "",
        "tests/training/test_processes.py -k statistics_of_one",
    ),
    Mutant(
        "Φ without its bias",
        "hanzi_lsgan/models/label_embedding.py",
        "self.table(self.characters_of(labels)) + self.bias",
        "self.table(self.characters_of(labels))",
        "tests/models/test_label_embedding.py -k one_hot_vector",
    ),
    Mutant(
        "noise moves no ink",
        "hanzi_lsgan/models/glyph_picture.py",
        "straying[:, :, None, None] * noise[:, :2]",
        "0 * straying[:, :, None, None] * noise[:, :2]",
        "tests/models/test_glyph_picture.py -k noise_moves",
    ),
    Mutant(
        "a discriminator that sees no picture",
        "hanzi_lsgan/models/projection.py",
        "len(pack_labels)) + pictures[stage]",
        "len(pack_labels))",
        "tests/models/test_models.py -k what_a_character_looks_like",
    ),
    Mutant(
        "the gradient of a sum over processes is no sum when it is differentiated",
        "hanzi_lsgan/models/layers.py",
        "total: Tensor = _SumOfProcesses.apply(gradient)",
        "total = gradient.clone(); dist.all_reduce(total)",
        "tests/training/test_processes.py -k statistics_of_one",
    ),
    Mutant(
        "background is never white",
        "hanzi_lsgan/models/projection.py",
        "_OVERSHOOT = 1.05",
        "_OVERSHOOT = 1.0",
        "tests/models/test_models.py -k white_is_reached",
    ),
    # Batches
    Mutant(
        "every epoch in one order",
        BATCHES,
        "default_rng((self._seed, epoch, number))",
        "default_rng((self._seed, number))",
        f"{OBJECTIVE} -k packs_of_one_class",
    ),
    Mutant(
        "the same block order",
        BATCHES,
        "default_rng((self._seed, epoch)).permutation",
        "default_rng((self._seed, 0)).permutation",
        f"{OBJECTIVE} -k blocks_in_two_orders",
    ),
    Mutant(
        "class_balance ignored",
        BATCHES,
        "_balancing_weights(counts.reshape(-1, kinds)) if class_balance else None",
        "None",
        f"{OBJECTIVE} -k packs_of_one_class",
    ),
    Mutant(
        "packs of mixed classes",
        BATCHES,
        "np.lexsort((random.random(len(labels)), labels))",
        "random.permutation(len(labels))",
        "tests/test_batches.py -k packs_hold_one_class",
    ),
    Mutant(
        "class_balance does not reach the stream",
        "hanzi_lsgan/training/session.py",
        "class_balance=recipe.data.class_balance",
        "class_balance=False",
        f"{OBJECTIVE} -k packs_of_one_class",
    ),
    Mutant(
        "a small class is left out",
        BATCHES,
        "np.maximum(1, counts // pack_size)",
        "counts // pack_size",
        "tests/test_batches.py -k smaller_than_a_pack",
    ),
    Mutant(
        "a resumed run sees a batch again",
        BATCHES,
        "following=Position(epoch, number + 1)",
        "following=Position(epoch, number)",
        "tests/test_batches.py -k go_on_from_any_position",
    ),
    Mutant(
        "averages are cut and not rounded",
        BATCHES,
        "np.rint(averages)",
        "averages",
        "tests/test_batches.py -k averaged_down",
    ),
    # The judge and its figures
    Mutant(
        "label smoothing 0.9",
        "hanzi_lsgan/judging/recogniser.py",
        "_LABEL_SMOOTHING = 0.1",
        "_LABEL_SMOOTHING = 0.9",
        "tests/judging/test_recogniser.py -k tell_bars_apart",
    ),
    Mutant(
        "k of the manifold",
        METRICS,
        "[:, neighbours - 1]",
        "[:, neighbours]",
        "tests/judging/test_metrics.py -k those_of_prdc",
    ),
    Mutant(
        "biased kernel distance",
        METRICS,
        "(size * (size - 1))",
        "(size * size)",
        "tests/judging/test_metrics.py -k torch_fidelity",
    ),
    Mutant(
        "square for cubic kernel",
        METRICS,
        "+ 1) ** 3",
        "+ 1) ** 2",
        "tests/judging/test_metrics.py -k kernel_distance_by_hand",
    ),
    Mutant(
        "five guesses for k",
        METRICS,
        "guesses[:, :k]",
        "guesses[:, :5]",
        "tests/judging/test_metrics.py -k among_the_first_k",
    ),
    Mutant(
        "Fréchet without the 2",
        "hanzi_lsgan/judging/moments.py",
        "traces - 2 * overlap",
        "traces - overlap",
        "tests/judging -k two_gaussians_on_a_line",
    ),
    Mutant(
        "biased covariance",
        "hanzi_lsgan/judging/moments.py",
        "/ (self.count - 1)",
        "/ self.count",
        "tests/judging -k two_gaussians_on_a_line",
    ),
    Mutant(
        "top-1 of five guesses",
        "hanzi_lsgan/judging/evaluate.py",
        "for k in (1, 5)",
        "for k in (5, 5)",
        "tests/judging -k test_split_itself",
    ),
    Mutant(
        "best checkpoint by the worst score",
        "hanzi_lsgan/runs/folder.py",
        "frechet >= self.number",
        "frechet <= self.number",
        "tests/judging/test_checkpoint_score.py -k best_checkpoint",
    ),
    Mutant(
        "checkpoints scored by the test split",
        "hanzi_lsgan/judging/judge.py",
        "store.rows_of(Split.TRAIN), on_samples, wanted)",
        "store.rows_of(Split.TEST), on_samples)",
        "tests/training/test_loop.py -k train_split_alone",
    ),
    Mutant(
        "all samples in one group",
        "hanzi_lsgan/judging/resampling.py",
        "_dealt(place)",
        "_dealt(np.zeros_like(place))",
        "tests/judging/test_resampling.py -k one_group_of_every_stratum",
    ),
    Mutant(
        "classes of one writer are not learned",
        "hanzi_lsgan/judging/unlearned.py",
        "held & (learned[labels] > 0)",
        "held",
        "tests/judging/test_unlearned.py -k one_writer",
    ),
    Mutant(
        "accuracy at four guesses",
        "hanzi_lsgan/judging/cas.py",
        "judge.test.labels, 1)",
        "judge.test.labels, 4)",
        "tests/judging/test_cas.py -k as_many_are_drawn",
    ),
    # Reading, splits, the store
    Mutant(
        "any header is believed",
        GNT,
        "if _is_followed(window, start + place):",
        "if True:",
        "tests/hwdb -k lone_sound_header",
    ),
    Mutant(
        "the outermost name decides",
        "data_tools/sources/split_names.py",
        "for name in reversed(names):",
        "for name in names:",
        "tests/sources -k names_of_the_train_split",
    ),
    Mutant(
        "of copies the train one stays",
        "data_tools/store/copies.py",
        "key=lambda scan: scan.member.split is not Split.TEST",
        "key=lambda scan: scan.member.split is Split.TEST",
        "tests/store -k test_split_keeps_its_own",
    ),
    Mutant(
        "equal sums are copies",
        "data_tools/sources/members.py",
        "key = crc32(record.pixels, record.width) << 32 | adler32(record.pixels)",
        "key = 0",
        "tests/store -k only_resemble",
    ),
    Mutant(
        "the newest HDF5 format",
        "data_tools/store/schema.py",
        'LIBRARY_VERSIONS = ("v108", "v108")',
        'LIBRARY_VERSIONS = "latest"',
        "tests/store/test_store_elsewhere.py -k format_is_that",
    ),
    Mutant(
        "images outside the file",
        "data_tools/store/opening.py",
        "if found.is_virtual or found.external:",
        "if found.is_virtual:",
        "tests/store/test_store_opening.py -k keeps_outside",
    ),
    Mutant(
        "chunks over each other",
        "data_tools/store/writer.py",
        "write_direct_chunk((start, 0, 0), packed)",
        "write_direct_chunk((0, 0, 0), packed)",
        "tests/store/test_store_verification.py -k compression_depends",
    ),
    Mutant(
        "always the first rows",
        "data_tools/store/reader.py",
        "np.s_[rows.start : rows.stop]",
        "np.s_[: rows.stop - rows.start]",
        "tests/store/test_store.py -k gives_back",
    ),
    Mutant(
        "lines of bits cut short",
        "data_tools/hwdb/dgrl.py",
        "-(-width // 8)",
        "width // 8",
        "tests/hwdb/test_dgrl.py -k one_bit",
    ),
    Mutant(
        "integers high byte first",
        GNT,
        'Struct("<I2sHH")',
        'Struct(">I2sHH")',
        "tests/hwdb/test_gnt.py -k layout_that_casia",
    ),
    Mutant(
        "rows taken for columns",
        GNT,
        "reshape(self.height, self.width)",
        "reshape(self.width, self.height)",
        "tests/hwdb/test_gnt.py -k is_read_back",
    ),
    Mutant(
        "level 1 without its last row",
        "data_tools/hwdb/standard_sets.py",
        "_gb2312_rows(16, 55)",
        "_gb2312_rows(16, 54)",
        "tests/hwdb/test_standard_sets.py -k official_size",
    ),
    Mutant(
        "the wrong share of writers",
        "data_tools/sources/split_choice.py",
        "if _place_of(writer) < share",
        "if _place_of(writer) > share",
        "tests/sources/test_split_choice.py",
    ),
    Mutant(
        "bombs are inflated",
        "data_tools/sources/zip_directory.py",
        "MAX_RATIO = 250",
        "MAX_RATIO = 2500",
        "tests/sources/test_zip_directory.py -k bomb",
    ),
    Mutant(
        "damage in an archive goes unseen",
        "data_tools/sources/inflate.py",
        "self._crc != self._entry.CRC",
        "False",
        "tests/sources/test_members.py -k damaged_payload",
    ),
    Mutant(
        "checksums written anew hide a change",
        "data_tools/store/verification.py",
        'fingerprint(file) != read_text(file.attrs, "sha256")',
        "False",
        "tests/store/test_store_verification.py -k written_anew",
    ),
    # Runs
    Mutant(
        "ticks shifted after resume",
        "hanzi_lsgan/training/loop.py",
        "at_multiple = trainer.images // tick_images > ticks_before",
        "at_multiple = trainer.images - last_tick.images >= tick_images",
        "tests/training/test_loop.py -k resumed_run_ticks",
    ),
    Mutant(
        "a resumed run begins the data anew",
        TRAINING_STEP,
        'Position(int(state["epoch"]), int(state["batch"]))',
        "Position()",
        RESUMED,
    ),
    Mutant(
        "a resumed run counts from 0",
        TRAINING_STEP,
        'self.images = int(state["images"])',
        "self.images = 0",
        RESUMED,
    ),
    Mutant(
        "the average is lost at a resume",
        TRAINING_STEP,
        '"ema": self.ema,',
        '"ema": self.generator,',
        RESUMED,
    ),
    Mutant(
        "ticks that a resumed run writes again stay",
        "hanzi_lsgan/runs/log.py",
        "if _images_of(line) <= images",
        "if True",
        "tests/training/test_training.py -k drops_lines",
    ),
    Mutant(
        "a flipped bit goes unseen",
        CHECKSUMS,
        "_sha256(path) not in accepted + (_read(folder) or {}).get(name, [])",
        "not accepted",
        "tests/runs/test_checksums.py -k flipped_bit",
    ),
    Mutant(
        "a kill in between looks like damage",
        CHECKSUMS,
        "accepted.insert(0, _sha256(file))",
        "pass",
        "tests/runs/test_checksums.py -k before_the_new_content",
    ),
    Mutant(
        "two sessions train over each other",
        "hanzi_lsgan/runs/claim.py",
        "if self.run.checkpoint_stamp() != self._checkpoint:",
        "if False:",
        "tests/runs/test_claim.py -k trained_meanwhile",
    ),
    Mutant(
        "dots of a character are specks",
        "hanzi_lsgan/writing/specks.py",
        "largest_first[dots:]",
        "largest_first[0:]",
        "tests/writing/test_specks.py",
    ),
    Mutant(
        "a run whose state was taken away begins anew",
        "hanzi_lsgan/training/session.py",
        "elif run.has_lost_state:",
        "elif False:",
        "tests/training/test_session.py -k lost_its_state",
    ),
    Mutant(
        "a person's hand is the newest run",
        "hanzi_lsgan/runs/runs_here.py",
        "if run.info().hand is None:",
        "if True:",
        "tests/runs/test_runs_here.py -k newest",
    ),
    Mutant(
        "lines of a list are counted from 0 also where pictures count from 1",
        "data_tools/pictures/class_lists.py",
        "str(self.lines) in asked:\n            return 1",
        "str(self.lines) in asked:\n            return 0",
        "tests/pictures/test_labels.py",
    ),
    Mutant(
        "names in Big5 are read as GBK",
        "data_tools/encodings.py",
        "    if len(next(iter(characters.values()), ())) < _LEAST_CHARACTERS:",
        "    if True:",
        "tests/sources/test_zip_names.py",
    ),
    Mutant(
        "two writers of one name are one",
        "data_tools/store/writers.py",
        "if all(times == 1 for times in splits.values()):",
        "if True:",
        "tests/store -k 'writer'",
    ),
)

QUICK = (
    "real label b",
    "D without ½",
    "label smoothing of the scheme",
    "R1 of images",
    "penalty without r1_every",
    "not added",
    "fixed at 1",
    "ramp",
    "same latents",
    "no root of n",
    "one order",
    "class_balance ignored",
)
"""Names of those that `make test` tries."""


def copy_project(folder: Path) -> None:
    """Lay out a copy that faults are put into."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)


def survives(mutant: Mutant, folder: Path) -> str:
    """Put the fault into a copy and run its tests: what is wrong with it, or nothing if found."""
    path = folder / mutant.file
    text = path.read_text("utf-8")
    if text.count(mutant.old) != 1:
        return f"{mutant.file}: {mutant.old!r} stands there {text.count(mutant.old)} times"
    path.write_text(text.replace(mutant.old, mutant.new), "utf-8")
    try:
        words = shlex.split(mutant.tests)
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *words]
        environment = os.environ | {"PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1"}
        result = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=SECONDS
        )
    except subprocess.TimeoutExpired:
        return ""
    finally:
        path.write_text(text, "utf-8")
    if result.returncode == 1:  # tests ran and failed
        return ""
    if result.returncode == 0:
        return "survives"
    return f"pytest ended with {result.returncode}: {result.stdout[-200:]}"


def try_all(mutants: Sequence[Mutant], workers: int = WORKERS) -> list[str]:
    """Try faults, several at a time: a line for each that is not found."""
    with tempfile.TemporaryDirectory() as folder:
        copies: Queue[Path] = Queue()
        for number in range(workers):
            copies.put(Path(folder, str(number)))
            Path(folder, str(number)).mkdir()
            copy_project(Path(folder, str(number)))

        def attempt(mutant: Mutant) -> str:
            copy = copies.get()
            try:
                problem = survives(mutant, copy)
            finally:
                copies.put(copy)
            print(f"{problem or 'found':10} {mutant.name}", flush=True)
            return f"{mutant.name}: {problem}" if problem else ""

        with ThreadPoolExecutor(workers) as pool:
            return [line for line in pool.map(attempt, mutants) if line]


def main() -> None:
    """Try the faults that the command line names, or all."""
    chosen = [m for m in MUTANTS if not sys.argv[1:] or any(w in m.name for w in sys.argv[1:])]
    survivors = try_all(chosen)
    print(f"{len(chosen) - len(survivors)} of {len(chosen)} faults found")
    if survivors:
        sys.exit("\n".join(survivors))


if __name__ == "__main__":
    main()
