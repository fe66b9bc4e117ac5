"""Columns of texts: their features are scikit-learn's, in training, in a second file and in prediction."""

import json
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.utils import murmurhash3_32

import runner
from runner.data.encoding import Encoding
from runner.data.hashing import Corpus, compact, features_of, murmur, padded, words_of
from runner.data.sources.csv import CSV
from runner.errors import ConfigError, DataError

TEXTS = ["Not bad, not bad at all!", "", "a b c", "Größe 12 über_alles", "日本語 テキスト 日本語", "bad " * 40, "Not"]


@given(st.lists(st.text(max_size=30), min_size=1, max_size=5))
def test_hashes_are_those_of_scikit_learn(texts):
    utf8 = [text.encode("utf-8", "ignore").decode() for text in texts]
    assert murmur(utf8).tolist() == [murmurhash3_32(text) for text in utf8]


@pytest.mark.parametrize(("features", "ngrams"), [(1024, 1), (1024, 2), (7, 2), (64, 5), (1, 1)])
def test_features_are_those_of_scikit_learn(features, ngrams):
    expected = HashingVectorizer(n_features=features, ngram_range=(1, ngrams)).transform(TEXTS).toarray()
    np.testing.assert_allclose(features_of(TEXTS, features, ngrams), expected, rtol=0, atol=1e-15)


@given(st.lists(st.text(alphabet="ab c.É1", max_size=40), min_size=1, max_size=6), st.integers(1, 4))
def test_features_of_any_text_are_those_of_scikit_learn(texts, ngrams):
    expected = HashingVectorizer(n_features=32, ngram_range=(1, ngrams)).transform(texts).toarray()
    np.testing.assert_allclose(features_of(texts, 32, ngrams), expected, rtol=0, atol=1e-15)


def test_a_corpus_gives_the_features_of_its_texts_in_any_order_and_again():
    corpus, rows = Corpus(TEXTS, 64, 2), np.array([4, 0, 1, 0])
    for _ in range(2):
        found = corpus.vocabulary.hashed(corpus.of(rows))
        np.testing.assert_array_equal(found, features_of([TEXTS[row] for row in rows], 64, 2))


def test_words_close_ranks():
    assert compact(np.array([[-1, 3, -1, 2], [1, -1, -1, -1]])).tolist() == [[3, 2, -1, -1], [1, -1, -1, -1]]
    assert padded([np.array([5]), np.array([], int)], 2).tolist() == [[5, -1], [-1, -1]]
    assert words_of("It's A one-off: 3 or 42") == ["it", "one", "off", "or", "42"]


def reviews(count=60):
    """Reviews whose word order tells the class, a number and a category."""
    random = np.random.default_rng(0)
    lines = ["review,stars,shop,label"]
    for i in range(count):
        filling = " ".join(random.choice(["film", "plot", "music", "scene"], 4))
        text = f"{filling} {'good not bad' if i % 2 else 'bad not good'}" if i != 5 else ""
        lines.append(f"{text},{random.integers(1, 6)},{'ab'[i % 3 == 0]},{'yes' if i % 2 else 'no'}")
    return "\n".join(lines) + "\n"


def source(path, **keys):
    return CSV(path=path, target="label", text=["review"], text_features=64, **keys)


def test_features_of_texts_stand_behind_numbers_and_categories(csv_file, run_data):
    path = csv_file(reviews())
    data = run_data(source(path))
    code, frame = data.encoding, pd.read_csv(path, keep_default_na=False)
    expected = HashingVectorizer(n_features=64, ngram_range=(1, 2)).transform(frame["review"]).toarray()
    np.testing.assert_array_equal(data.x[:, 3:], expected.astype("float32"))
    assert code.feature_names[:4] == ["stars", "shop=a", "shop=b", "review #0"]
    assert code.columns_of_features[3:] == ["review"] * 64
    assert code.columns == ["review", "stars", "shop"]
    again = Encoding.from_dict(json.loads(json.dumps(code.to_dict())))
    assert again == code
    np.testing.assert_array_equal(again.transform(frame), data.x)


def test_bins_stand_behind_texts(csv_file, run_data):
    data = run_data(source(csv_file(reviews()), numbers="piecewise", bins=4))
    plain = run_data(source(csv_file(reviews())))
    np.testing.assert_array_equal(data.x[:, : 3 + 64], plain.x)
    assert data.encoding.feature_names[67:][0].startswith("stars ")


def test_what_is_made_of_texts_is_said(csv_file, run_data):
    notes = run_data(source(csv_file(reviews()))).notes
    assert "columns: 1 numeric, 1 categorical, 1 of texts" in notes
    said = "texts 'review': 6.88 words a row, 7 different ones; words and runs of up to 2 are hashed into 64 features"
    assert said in notes
    assert "texts without a word: review 1 (their features are 0)" in notes


def test_a_table_of_nothing_but_texts_can_be_learned(csv_file, run_data):
    data = run_data(CSV(path=csv_file("t,label\n" + "good film,1\nbad film,0\n" * 20), target="label", text="t"))
    assert data.x.shape == (40, 1024)


def test_texts_that_are_left_out_are_pointed_at(csv_file, run_data):
    lines = [f"review number {i} is a text of its own,{i % 2 * 10 + i % 7},{i % 2}" for i in range(40)]
    notes = run_data(CSV(path=csv_file("\n".join(["text,x,label", *lines])), target="label")).notes
    assert "texts of several words: to learn from the words, dataset.text=[text]" in notes
    names = [f"name{i},{i % 2 * 10 + i % 7},{i % 2}" for i in range(40)]
    notes = run_data(CSV(path=csv_file("\n".join(["who,x,label", *names])), target="label")).notes
    assert not any("dataset.text" in note for note in notes)


def test_a_second_file_has_the_same_features(csv_file, run_data):
    test = csv_file("review,stars,shop,label\nan unknown word,3,a,yes\n,2,b,no\n", "test.csv")
    data = run_data(source(csv_file(reviews()), test_path=test))
    np.testing.assert_allclose(data.x[data.test][:, 3:], features_of(["an unknown word", ""], 64, 2), atol=1e-7)


@pytest.mark.parametrize(
    ("keys", "kind", "message"),
    [
        ({"text": ["stars"]}, DataError, r"column 'stars' holds no word .* names it: set dataset.text=\[\]"),
        ({"text": ["review", "stars"]}, DataError, r"set dataset.text=\[review\]"),
        ({"text": ["revew"]}, DataError, "no column 'revew' .*Did you mean 'review'"),
        ({"text": ["label"]}, ConfigError, "dataset.text = label: is dataset.target, which is no input"),
        ({"drop": ["review"]}, ConfigError, "dataset.text = review: dataset.drop names it too"),
        ({"categorical": ["review"]}, ConfigError, "dataset.text = review: dataset.categorical names it too"),
    ],
    ids=str,
)
def test_columns_that_are_no_texts(csv_file, keys, kind, message):
    with pytest.raises(kind, match=message):
        CSV(**{"path": csv_file(reviews()), "target": "label", "text": ["review"]} | keys).read()


def test_a_run_predicts_from_texts_with_new_words(csv_file, tmp_path):
    keys = {"dataset": "csv", "dataset.path": csv_file(reviews()), "dataset.target": "label", "dataset.text": "review"}
    quick = {"model.hidden": [], "optimizer.lr": 0.1, "trainer.epochs": 30, "trainer.progress": False}
    with_words = {"augmentation.word_deletion": 0.1, "augmentation.word_insertion": 0.1}
    [outcome] = runner.train([keys | quick | with_words], outputs=tmp_path / "runs")
    loaded = runner.load(outcome.folder)
    table = pd.DataFrame(
        {"review": ["unheard good not bad", "bad not good, unseen", None], "stars": [3, 3, 3], "shop": ["a", "b", "a"]}
    )
    with pytest.warns(UserWarning, match=r"texts without a word: review 1 \(their features are 0\)"):
        assert loaded.predict(table)[:2].tolist() == ["yes", "no"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert loaded.predict(table[:2]).tolist() == ["yes", "no"]
