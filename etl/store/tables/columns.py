"""What the declarations of tables share: naming of constraints, kinds of columns."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Computed,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    LargeBinary,
    MetaData,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def identity(comment: str) -> Column[int]:
    return Column("id", BigInteger, Identity(always=False), primary_key=True, comment=comment)


def required(name: str, type_: Any, comment: str, **more: Any) -> Column[Any]:
    return Column(name, type_, nullable=False, comment=comment, **more)


def optional(name: str, type_: Any, comment: str, **more: Any) -> Column[Any]:
    return Column(name, type_, nullable=True, comment=comment, **more)


def reference(name: str, target: str, comment: str, *, nullable: bool = False, **more: Any) -> Column[int]:
    return Column(name, BigInteger, ForeignKey(target, **more), nullable=nullable, comment=comment)


def civil_date(name: str, instant: str, comment: str) -> Column[Any]:
    """The calendar day of an instant in China, stored."""
    expression = f"(({instant} AT TIME ZONE 'Asia/Shanghai'::text))::date"
    return Column(name, Date, Computed(expression, persisted=True), comment=comment)


Instant = DateTime(timezone=True)
Sha256 = LargeBinary
