"""Your own table, from a CSV file to a checked, trained, saved and reloaded network:

    python examples/own_table.py crates/retrograde/tests/data/iris.csv species
"""

import sys

import retrograde as rg

path, target = sys.argv[1:3]
table = rg.Dataset.from_csv(path, target=target)
print(table)

net = rg.Mlp([len(table.feature_names), 20, table.outputs], init="he")
net.check(table).assert_right()

run = net.fit(table, epochs=100, batch=20, optimizer=rg.Adam(0.01), patience=20, keep_best=True)
print(run)
net.save("net.safetensors")

# Later, and elsewhere: new rows of a CSV file, whose columns may be in another order.
again = rg.load("net.safetensors")
print(f"score on the test rows: {again.score(table):.3f}")
print(again.predict(path)[:5])
