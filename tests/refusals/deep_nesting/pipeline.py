"""Blocks cannot be nested without end; every `elif` is one block deeper."""

from pipec import pipeline, step


@step
def work(n: int) -> int:
    return n


@pipeline
def p(n: int = 3):
    if n == 0:
        x = work(0)
    elif n == 1:
        x = work(1)
    elif n == 2:
        x = work(2)
    elif n == 3:
        x = work(3)
    elif n == 4:
        x = work(4)
    elif n == 5:
        x = work(5)
    elif n == 6:
        x = work(6)
    elif n == 7:
        x = work(7)
    elif n == 8:
        x = work(8)
    elif n == 9:
        x = work(9)
    elif n == 10:
        x = work(10)
    elif n == 11:
        x = work(11)
    elif n == 12:
        x = work(12)
    elif n == 13:
        x = work(13)
    elif n == 14:
        x = work(14)
    elif n == 15:
        x = work(15)
    elif n == 16:
        x = work(16)
    elif n == 17:
        x = work(17)
    elif n == 18:
        x = work(18)
    elif n == 19:
        x = work(19)
    elif n == 20:
        x = work(20)
    elif n == 21:
        x = work(21)
    elif n == 22:
        x = work(22)
    elif n == 23:
        x = work(23)
    elif n == 24:
        x = work(24)
    elif n == 25:
        x = work(25)
    elif n == 26:
        x = work(26)
    elif n == 27:
        x = work(27)
    elif n == 28:
        x = work(28)
    elif n == 29:
        x = work(29)
    elif n == 30:
        x = work(30)
    elif n == 31:
        x = work(31)
    elif n == 32:
        x = work(32)
    elif n == 33:
        x = work(33)
    elif n == 34:
        x = work(34)
    elif n == 35:
        x = work(35)
    elif n == 36:
        x = work(36)
    elif n == 37:
        x = work(37)
    elif n == 38:
        x = work(38)
    elif n == 39:
        x = work(39)
    elif n == 40:
        x = work(40)
    elif n == 41:
        x = work(41)
    elif n == 42:
        x = work(42)
    elif n == 43:
        x = work(43)
    elif n == 44:
        x = work(44)
    elif n == 45:
        x = work(45)
    elif n == 46:
        x = work(46)
    elif n == 47:
        x = work(47)
    elif n == 48:
        x = work(48)
    elif n == 49:
        x = work(49)  # PC107
    elif n == 50:
        x = work(50)
    elif n == 51:
        x = work(51)
    elif n == 52:
        x = work(52)
    elif n == 53:
        x = work(53)
    elif n == 54:
        x = work(54)
    elif n == 55:
        x = work(55)
    elif n == 56:
        x = work(56)
    elif n == 57:
        x = work(57)
    elif n == 58:
        x = work(58)
    elif n == 59:
        x = work(59)
    else:
        x = 0
    return x
