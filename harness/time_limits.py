"""How long a program may take before it is ended, s."""

RUN_S = 1800.0
"""A run of a comparison, unless --timeout says otherwise."""
GRADIENT_RUN_S = 600.0
"""A run of a comparison of gradients, which makes hundreds."""
CASE_RUN_S = 120.0
"""A run of a case of the suite."""
ANSWER_S = 60.0
"""What a program may take to say what it is; a shorter --timeout holds for that, too."""
GIT_S = 60.0
COMPILER_ANSWER_S = 30
COMPILE_S = 300
GOODBYE_S = 10.0
"""What a worker of a benchmark may take to end once it is told to."""
LONGEST_RECORDED_RUN_S = 86_400.0
"""However long a bundle says that a program may run."""
