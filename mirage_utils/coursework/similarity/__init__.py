"""Which submissions of an assignment are alike in what hardly anybody else wrote: hints with their base rate, never a verdict.

Equal answers are no sign of anything where half of the class writes them, so all that two students share counts by how few have it:
log2(n / holders) bits. What is free, an essay and the functions of one's own, is cut into short runs of words or tokens. An answer to
a question counts once, as a whole: who chooses one of the few usual ways has made one choice, however long it is. What stands in the
assignment or its model solution counts for nothing in free pieces.

The class itself is the base rate. A pair is a hint only if, going by the tail of the other pairs, not one such pair was to be expected in
the whole class (`hints.EXPECTED`, shared out among the pieces). One equal answer alone can never be that; it is listed (`rarely_equal`)
where next to no two students of the class have equal answers.

Names that students chose are one name here, and numbers in prose are one number: with these, a copy that was gone over is still a
copy. Numbers are compared apart: everybody's follow from the name, so those of another are telling, and between two who drew the same
they are not.
"""
